-- Which machine a node last was: a copy of its configuration is not the node.
alter table wm.node_word add column machine text not null default '';
