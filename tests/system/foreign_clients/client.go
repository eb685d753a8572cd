// Makes the calls on standard input with the code of Go's generator for the description, and prints
// the answers.
//
//	client SOCKET
//
// A call: {"method": …, "arguments": […], "more": …}, the arguments in the description's order. An
// answer: {"replies": [[…], …]}, each in that order, too, or {"error": …, "parameters": …}. `methods`
// is a table of the generated methods, in a file beside this one.
package main

import (
	"context"
	"encoding/json"
	"os"
	"reflect"

	"github.com/varlink/go/varlink"
)

type call struct {
	Method    string
	Arguments []json.RawMessage
	More      bool
}

type answer struct {
	Replies    [][]interface{} `json:"replies,omitempty"`
	Error      string          `json:"error,omitempty"`
	Parameters interface{}     `json:"parameters,omitempty"`
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// The interface's errors have types: an error without one was not found by its name.
func failed(err error) answer {
	if _, untyped := err.(*varlink.Error); untyped {
		panic(err)
	}
	return answer{Error: reflect.TypeOf(err).Elem().Name(), Parameters: err}
}

func answered(connection *varlink.Connection, wanted call) answer {
	ctx := context.Background()
	send := reflect.ValueOf(methods[wanted.Method]).MethodByName("Send")
	flags := uint64(0)
	if wanted.More {
		flags = varlink.More
	}
	in := []reflect.Value{reflect.ValueOf(ctx), reflect.ValueOf(connection), reflect.ValueOf(flags)}
	for _, text := range wanted.Arguments {
		argument := reflect.New(send.Type().In(len(in)))
		check(json.Unmarshal(text, argument.Interface()))
		in = append(in, argument.Elem())
	}
	sent := send.Call(in)
	if err, _ := sent[1].Interface().(error); err != nil {
		return failed(err)
	}
	var made answer
	for more := true; more; {
		out := sent[0].Call([]reflect.Value{reflect.ValueOf(ctx)})
		fields := out[:len(out)-2]
		if err, _ := out[len(out)-1].Interface().(error); err != nil {
			return failed(err)
		}
		reply := []interface{}{}
		for _, field := range fields {
			reply = append(reply, field.Interface())
		}
		made.Replies = append(made.Replies, reply)
		more = out[len(out)-2].Uint()&varlink.Continues != 0
	}
	return made
}

func main() {
	connection, err := varlink.NewConnection(context.Background(), "unix:"+os.Args[1])
	check(err)
	var calls []call
	check(json.NewDecoder(os.Stdin).Decode(&calls))
	answers := []answer{}
	for _, wanted := range calls {
		answers = append(answers, answered(connection, wanted))
	}
	check(json.NewEncoder(os.Stdout).Encode(answers))
}
