-- The functions of a fleet, replaced as a whole by every migration. Those of nodes take and return
-- one JSON document, know the caller by its session, and believe nothing that it says of others.

do $$
declare
  old regprocedure;
begin
  for old in select oid from pg_proc where pronamespace = 'wm'::regnamespace loop
    execute 'drop function if exists ' || old || ' cascade';
  end loop;
end $$;

-- A time as all of wm writes it.
create function wm.iso(t timestamptz) returns text
language sql stable as $$
  select to_char(t at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');
$$;

-- The calling node.
create function wm.me() returns wm.node
language plpgsql stable as $$
declare
  found wm.node;
begin
  select * into found from wm.node where role = session_user and revoked_at is null;
  if found.node_id is null then
    raise exception 'the role % is no node of this fleet', session_user using errcode = '42501';
  end if;
  return found;
end $$;

-- Labels that count: the administrator's, and of the node's own those whose key the administrator
-- has never given to any node. So no node can call itself what only the administrator may say.
create function wm.labels_of(own jsonb, given jsonb) returns jsonb
language sql stable as $$
  select coalesce((select jsonb_object_agg(key, value) from jsonb_each(own)
      where not exists (select from wm.reserved_label r where r.key = jsonb_each.key)), '{}') || given;
$$;

-- The administrator has given labels.
create function wm.settle_labels() returns void
language sql as $$
  insert into wm.reserved_label select distinct jsonb_object_keys(given) from wm.node
    on conflict do nothing;
  update wm.node set labels = wm.labels_of(own, given)
    where labels is distinct from wm.labels_of(own, given);
  update wm.change set number = number + 1;
$$;

-- How long after its registration work runs whatever its constraints; null: never.
create function wm.deadline_of(request jsonb) returns interval
language sql immutable as $$
  select (request->>'deadlineMs')::bigint * interval '1 ms';
$$;

-- A claim as its node needs it.
create function wm.claim_document(p wm.piece, w wm.work) returns jsonb
language sql stable as $$
  select jsonb_build_object('piece', p.piece_id, 'fence', p.fence, 'name', w.name,
    'generation', w.generation, 'request', w.request, 'leaseMs', (extract(epoch from w.lease) * 1000)::bigint,
    'holdMs', (extract(epoch from w.hold) * 1000)::bigint,
    'attempts', p.attempts, 'periods', p.periods, 'timing', p.timing,
    'enqueuedAt', wm.iso(p.enqueued_at), 'since', wm.iso(p.since), 'due', wm.iso(p.due),
    'periodEnds', wm.iso(p.period_ends), 'deadlineLeftMs',
    ceil(extract(epoch from p.enqueued_at + wm.deadline_of(w.request) - now()) * 1000));
$$;

-- A node that comes: what it is, and what it needs to know before all else. `claims`: those that it
-- has found in its daemon; `machine`: where it runs. A connected agent asks every five minutes at
-- least, so the machine of a node that was seen in the last ten is still there. Runs from before
-- the node was enrolled are none of the fleet's.
create function wm.hello(said jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
<<here>>
declare
  me wm.node := wm.me();
  own jsonb := coalesce(said->'labels', '{}');
  cursor timestamptz;
  machine text := left(said->>'machine', 200);
  other text;
begin
  if jsonb_typeof(own) <> 'object' or length(own::text) > 4096 or exists
      (select from jsonb_each(own) where jsonb_typeof(value) <> 'string') then
    raise exception 'labels are an object of at most 4096 bytes whose values are texts'
      using errcode = '22023';
  end if;
  if exists (select from wm.node_word w
      where w.node_id = me.node_id and w.machine <> '' and w.machine <> here.machine
        and w.seen_at > now() - interval '10 min') then
    raise exception 'another machine is node %, and was here in the last ten minutes: enroll this '
      'one as a node of its own, or stop that one and wait', me.name using errcode = '42501';
  end if;
  select n.name into other from wm.node_word w join wm.node n using (node_id)
    where w.machine = here.machine and here.machine not like 'host %' and w.node_id <> me.node_id
      and w.seen_at > now() - interval '10 min';
  if found then
    raise exception 'this wmd serves node %: one wmd is one node; revoke that node, or stop its '
      'agent and wait for ten minutes', other using errcode = '42501';
  end if;
  if own is distinct from me.own then
    update wm.node n set own = here.own, labels = wm.labels_of(here.own, n.given)
      where n.node_id = me.node_id;
  end if;
  insert into wm.node_word as w (node_id, version, machine)
    values (me.node_id, coalesce(left(said->>'version', 40), ''),
      coalesce(here.machine, ''))
    on conflict (node_id) do update
      set seen_at = now(), version = excluded.version, machine = excluded.machine
    returning w.cursor into here.cursor;
  return jsonb_build_object('node', me.name,
    'cursor', wm.iso(coalesce(here.cursor, me.enrolled_at)),
    'schema', (select max(version) from wm.migration),
    'nodes', (select count(*) from wm.node where revoked_at is null),
    'claims', (select coalesce(jsonb_agg(wm.claim_document(p, w)), '[]')
      from jsonb_to_recordset(said->'claims') as c (piece bigint, fence bigint)
      join wm.piece p on p.piece_id = c.piece and p.fence = c.fence
      join wm.work w on w.work_id = p.work_id
      where p.node_id = me.node_id and p.state = 0 and p.until is not null));
end $$;

-- The work of the kind `each` that is for that node. While it drains, it is only what the node has
-- already.
create function wm.each_of(me wm.node) returns jsonb
language sql stable as $$
  select coalesce(jsonb_agg(jsonb_build_object(
      'name', w.name, 'generation', w.generation, 'request', w.request,
      'ended', coalesce(d.generation = w.generation and
                        d.state in ('succeeded', 'failed', 'cancelled'), false))
      order by w.work_id), '[]')
    from wm.work w left join wm.each_word d on d.work_id = w.work_id and d.node_id = me.node_id
    where w.placement = 'each' and w.cancelled_at is null and w.labels <@ me.labels
      and (not me.draining or d.work_id is not null);
$$;

-- True if the node may not take that piece of `count` work because it has another one, or has
-- ended another one of the same period.
create function wm.has_sibling(me integer, piece wm.piece) returns boolean
language sql stable as $$
  select exists (select from wm.share h left join wm.piece s on s.piece_id = h.piece_id
    where h.work_id = piece.work_id and h.node_id = me
      and (h.served > piece.periods or (s.piece_id <> piece.piece_id and s.node_id = me
             and s.state = 0 and s.until > now())));
$$;

-- True if that is the claim of its node that counts: of `count` work, it is the last one.
create function wm.is_latest(p wm.piece) returns boolean
language sql stable as $$
  select p.alone or exists (select from wm.share h
    where h.work_id = p.work_id and h.node_id = p.node_id and h.piece_id = p.piece_id);
$$;

-- At most `most` due pieces in that queue of `count` work, one of each work that the node may have
-- and that is not named in `without`. The rest of a work is passed by at once. `locked`: the pieces
-- are locked, and those that others have locked are left out.
create function wm.counted_pieces(me integer, queue integer, most integer, without text[],
                                  locked boolean) returns setof wm.piece
language plpgsql as $$
declare
  p wm.piece;
  last_due timestamptz := '-infinity';
  last_id bigint := 0;
begin
  while most > 0 loop
    select c.* into p from wm.piece c
      where c.queue_id = queue and c.state = 0 and c.due <= now()
        and (c.until is null or c.until <= now()) and (c.due, c.piece_id) > (last_due, last_id)
      order by c.due, c.piece_id limit 1;
    exit when not found;
    last_due := p.due;
    last_id := p.piece_id;
    if not wm.has_sibling(me, p) and (without is null or not exists
        (select from wm.work b where b.work_id = p.work_id and b.name = any (without))) then
      if locked then
        perform from wm.piece c
          where c.piece_id = p.piece_id and c.fence = p.fence and c.state = 0
            and (c.until is null or c.until <= now())
          for update skip locked;
        continue when not found;
      end if;
      return next p;
      most := most - 1;
    end if;
    select c.piece_id into last_id from wm.piece c where c.work_id = p.work_id
      order by c.ordinal desc limit 1;
  end loop;
end $$;

-- At most `most` due pieces that fit the node as it is now, the highest priority first. Nothing is
-- locked: others may be offered the same. `judged`: only work about which the node must ask its
-- daemon before it claims it.
create function wm.offers(me wm.node, holds integer, custom text[], most integer, judged boolean)
returns jsonb
language plpgsql stable as $$
declare
  level smallint;
  found jsonb;
  all_found jsonb := '[]';
  missing integer := most;
begin
  for level in select distinct q.priority from wm.queue q order by q.priority desc loop
    select jsonb_agg(jsonb_build_object('piece', o.piece_id, 'name', w.name,
        'constraints', w.request->'constraints', 'timeZone', w.request->'timeZone') order by o.due)
      into found
      from (
        select p.piece_id, p.work_id, p.due
          from wm.queue q
          cross join lateral (
            (select a.piece_id, a.work_id, a.due from wm.piece a
              where a.queue_id = q.queue_id and not q.counted and a.state = 0 and a.due <= now()
                and (a.until is null or a.until <= now())
              order by a.due, a.piece_id limit missing)
            union all
            select c.piece_id, c.work_id, c.due
              from wm.counted_pieces(me.node_id, q.queue_id, missing, null, false) c
              where q.counted) p
          where q.priority = level and q.needs & ~offers.holds = 0
            and (q.needs & (1 << 30) <> 0 or not judged)
            and q.custom <@ offers.custom and q.labels <@ me.labels
          order by p.due, p.piece_id limit missing) o
      join wm.work w on w.work_id = o.work_id;
    continue when found is null;
    all_found := all_found || found;
    missing := most - jsonb_array_length(all_found);
    exit when missing <= 0;
  end loop;
  return all_found;
end $$;

-- Claims pieces that the caller has locked, but only one of each work. The leases count from the
-- start of the transaction. Others have passed by those that were locked in vain: they ask again.
create function wm.claim_locked(me wm.node, locked bigint[]) returns jsonb
language plpgsql as $$
declare
  claimed jsonb;
begin
  with chosen as (
    select distinct on (p.work_id) p.piece_id from wm.piece p
      where p.piece_id = any (locked) order by p.work_id, p.piece_id
  ), changed as (
    update wm.piece p set node_id = me.node_id, fence = p.fence + 1, until = now() + w.lease,
        running = false
      from chosen c, wm.work w
      where p.piece_id = c.piece_id and w.work_id = p.work_id
      returning p.work_id, p.piece_id, p.alone, wm.claim_document(p, w) as document
  ), shared as (
    insert into wm.share as s (work_id, node_id, piece_id)
      select c.work_id, me.node_id, c.piece_id from changed c where not c.alone
      on conflict (work_id, node_id) do update set piece_id = excluded.piece_id
  )
  select coalesce(jsonb_agg(document), '[]') into claimed from changed;
  if jsonb_array_length(claimed) < cardinality(locked) then
    notify wm_fleet;
  end if;
  return claimed;
end $$;

-- Claims at most `want` pieces that fit the node as it is now, the highest priority first, but none
-- of the work named in `without`. Others that do the same take other ones, and none waits. The
-- queue whose first piece has been due for longest comes first.
create function wm.take(me wm.node, holds integer, custom text[], want integer, without text[])
returns jsonb
language plpgsql as $$
declare
  q record;
  missing integer;
  free bigint[];
  taken jsonb := '[]';
begin
  for q in select f.queue_id, f.counted, head.due, head.piece_id from wm.queue f
      cross join lateral (select p.due, p.piece_id from wm.piece p
        where p.queue_id = f.queue_id and p.state = 0 and p.due <= now()
          and (p.until is null or p.until <= now())
        order by p.due, p.piece_id limit 1) head
      where f.needs & ~take.holds = 0 and f.custom <@ take.custom and f.labels <@ me.labels
      order by f.priority desc, head.due, f.queue_id loop
    missing := want - jsonb_array_length(taken);
    if q.counted then
      free := array(select p.piece_id
        from wm.counted_pieces(me.node_id, q.queue_id, missing, without, true) p);
    else
      free := array(
        select p.piece_id from wm.piece p
          where p.queue_id = q.queue_id and p.state = 0 and p.due <= now()
            and (p.due, p.piece_id) >= (q.due, q.piece_id)
            and (p.until is null or p.until <= now())
            and (without is null or not exists (select from wm.work b
              where b.work_id = p.work_id and b.name = any (without)))
          order by p.due, p.piece_id limit missing
          for update skip locked);
    end if;
    continue when free = '{}';
    taken := taken || wm.claim_locked(me, free);
    exit when jsonb_array_length(taken) >= want;
  end loop;
  return taken;
end $$;

-- Moves pieces whose deadline has come to where nothing but labels is needed.
create function wm.pass_deadlines() returns void
language plpgsql as $$
begin
  with late as (
    select d.piece_id, q.labels, q.priority, q.counted from wm.queue q
      cross join lateral (
        select p.piece_id from wm.piece p
          where p.queue_id = q.queue_id and p.state = 0 and p.deadline <= now()
          order by p.deadline limit 100 for update skip locked) d)
  update wm.piece p
    set deadline = null, queue_id = wm.queue_for(0, '{}', l.labels, l.priority, l.counted)
    from late l where p.piece_id = l.piece_id;
end $$;

-- When something may be offered that is not now: it is due, a lease ends, or a deadline comes.
create function wm.next_offer(me wm.node, holds integer, custom text[])
returns timestamptz
language sql stable as $$
  select least((
    select min((select p.deadline from wm.piece p
        where p.queue_id = q.queue_id and p.state = 0 and p.deadline > now()
        order by p.deadline limit 1))
      from wm.queue q where q.labels <@ me.labels), (
    select min(least(
      (select p.due from wm.piece p
         where p.queue_id = q.queue_id and p.state = 0 and p.due > now() order by p.due limit 1),
      (select min(c.until) from (
         select p.until from wm.piece p
           where p.queue_id = q.queue_id and p.state = 0 and p.due <= now()
           order by p.due, p.piece_id limit 64) c where c.until > now())))
    from wm.queue q
    where q.needs & ~next_offer.holds = 0 and q.custom <@ next_offer.custom
      and q.labels <@ me.labels));
$$;

-- A node's regular question: what there is for it. `holds`, `custom`, `conditions`: how the node is;
-- `want`: how many pieces it has room for; `take`: those that it need not judge are claimed at once,
-- but none of the work in `without`; `seen`: the number of the last change that it knows.
create function wm.ask(said jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
<<here>>
declare
  me wm.node := wm.me();
  holds integer := coalesce((said->>'holds')::integer, 0);
  custom text[] := coalesce(
    (select array_agg(c) from (select c from jsonb_array_elements_text(said->'custom') c
       where length(c) <= 200 limit 1000) known), '{}');
  want integer := greatest(least(coalesce((said->>'want')::integer, 0), 32), 0);
  change bigint := (select number from wm.change);
  judged constant integer := 1 << 30;
  conditions jsonb := '{}';
  offers jsonb := '[]';
  claims jsonb := '[]';
begin
  if jsonb_typeof(said->'conditions') = 'object' and length(said->>'conditions') <= 8192
     and not exists (select from jsonb_each(said->'conditions') where jsonb_typeof(value) <> 'string')
  then
    conditions := said->'conditions';
  end if;
  update wm.node_word w
    set seen_at = now(), holds = here.holds, custom = here.custom,
        conditions = here.conditions, slots = want
    where w.node_id = me.node_id
      and (w.seen_at < now() - interval '10 s' or w.holds <> here.holds or w.custom <> here.custom
           or w.conditions <> here.conditions);
  perform wm.pass_deadlines();
  if want > 0 and not me.draining and coalesce((said->>'take')::boolean, false) then
    claims := wm.take(me, here.holds & ~judged, here.custom, want,
      (select array_agg(n) from jsonb_array_elements_text(said->'without') n));
    want := want - jsonb_array_length(claims);
  end if;
  if want > 0 and not me.draining then
    offers := wm.offers(me, here.holds | judged, here.custom, least(greatest(2 * want, 8), 32),
      coalesce((said->>'take')::boolean, false));
  end if;
  return jsonb_build_object('change', change, 'draining', me.draining, 'offers', offers,
    'claims', claims,
    'each', case when (said->>'seen')::bigint is distinct from change
              then wm.each_of(me) end,
    'nextMs', case when claims = '[]' and want > 0 and not me.draining
      then ceil(extract(epoch from wm.next_offer(me, here.holds | judged, here.custom) - now()) * 1000) end,
    'custom', (select coalesce(jsonb_agg(distinct c), '[]')
      from wm.queue q, unnest(q.custom) c where q.labels <@ me.labels));
end $$;

-- Takes at most `want` of those pieces, as far as nobody else has.
create function wm.claim(said jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  me wm.node := wm.me();
  wanted bigint[] := (select array_agg(i::bigint)
    from (select i from jsonb_array_elements_text(said->'pieces') i limit 64) a);
  want integer := greatest(least(coalesce((said->>'want')::integer, 1), 64), 0);
begin
  if me.draining then
    return jsonb_build_object('claims', '[]'::jsonb);
  end if;
  return jsonb_build_object('claims', wm.claim_locked(me, array(
    select p.piece_id from wm.piece p
      join wm.queue q on q.queue_id = p.queue_id
      where p.piece_id = any (wanted) and p.state = 0 and p.due <= now()
        and (p.until is null or p.until <= now()) and q.labels <@ me.labels
        and (p.alone or not wm.has_sibling(me.node_id, p))
      order by array_position(wanted, p.piece_id) limit want
      for update of p skip locked)));
end $$;

-- Locks those pieces, as far as they are the node's. Whoever changes several does this first, in
-- this order, so that nobody waits in a circle.
create function wm.lock_pieces(me integer, claims jsonb) returns void
language sql as $$
  select from wm.piece p
    where p.node_id = me and p.piece_id in (select c.piece from jsonb_to_recordset(claims) as c (piece bigint))
    order by p.piece_id for no key update;
$$;

-- The pieces among those that the node still has; their leases begin anew.
create function wm.renew(said jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  me wm.node := wm.me();
  kept jsonb;
begin
  perform wm.lock_pieces(me.node_id, said->'claims');
  with renewed as (
    update wm.piece p set until = now() + w.lease, running = coalesce(c.running, false)
      from jsonb_to_recordset(said->'claims') as c (piece bigint, fence bigint, running boolean),
        wm.work w
      where p.piece_id = c.piece and p.fence = c.fence and p.node_id = me.node_id and p.state = 0
        and p.until is not null and wm.is_latest(p) and w.work_id = p.work_id
      returning p.piece_id)
  select jsonb_agg(piece_id) into kept from renewed;
  return jsonb_build_object('pieces', coalesce(kept, '[]'));
end $$;

-- Claims that the node gives up, for others to take.
create function wm.hand_back(said jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  me wm.node := wm.me();
  given integer;
begin
  perform wm.lock_pieces(me.node_id, said->'claims');
  update wm.piece p set until = null
    from jsonb_to_recordset(said->'claims') as c (piece bigint, fence bigint)
    where p.piece_id = c.piece and p.fence = c.fence and p.node_id = me.node_id
      and p.until is not null;
  get diagnostics given = row_count;
  if given > 0 then
    notify wm_fleet;
  end if;
  return jsonb_build_object('pieces', given);
end $$;

-- True if what a node said is an object or list that all who ask can read: not nested deeply.
create function wm.is_flat(said jsonb, kind text) returns boolean
language sql immutable as $$
  select coalesce(jsonb_typeof(said) = kind and not jsonb_path_exists(said, '$.**{8}'), false);
$$;

-- True if a text is base64.
create function wm.is_base64(said text) returns boolean
language sql immutable as $$
  select coalesce(said ~ '^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$', false);
$$;

-- True if it is the end of an output, in parts.
create function wm.is_log(said jsonb) returns boolean
language sql immutable as $$
  select coalesce(wm.is_flat(said, 'array') and length(said::text) <= 131072
    and not exists (select from jsonb_array_elements(
        case when jsonb_typeof(said) = 'array' then said else '[]' end) part
      where jsonb_typeof(part) <> 'object' or not wm.is_base64(part->>'data')), false);
$$;

-- Reports of that many bytes: a node may send 256 MiB at once, and 1 GiB a day. What it cannot send
-- now, it keeps.
create function wm.spend(me wm.node, bytes integer) returns void
language plpgsql as $$
declare
  most constant bigint := 268435456;
  a_second constant bigint := 12428;
  left_over bigint;
begin
  update wm.node_word w
    set allowed_at = now(), allowance = least(most, w.allowance
      + (a_second * extract(epoch from now() - w.allowed_at))::bigint) - bytes
    where w.node_id = me.node_id
    returning w.allowance into left_over;
  if left_over is null then
    raise exception 'node % has not said hello', me.name using errcode = '22023';
  end if;
  if left_over < 0 then
    raise exception 'node % reports more than 256 MiB at once or 1 GiB a day', me.name
      using errcode = '54000', hint = 'The rest follows bit by bit.';
  end if;
end $$;

-- What has happened on the node: runs that ended, claims that ended with them, and how `each` work
-- is. All of it, or nothing; the same once more changes nothing.
create function wm.report(said jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  me wm.node := wm.me();
  added integer;
begin
  if jsonb_array_length(coalesce(said->'runs', '[]')) > 1000 then
    raise exception 'at most 1000 runs in one report' using errcode = '22023';
  end if;
  perform wm.spend(me, octet_length(said::text));
  insert into wm.run (work_id, node_id, run, started_at, piece_id, fence, attempt, finished_at,
                      outcome, record, log, void)
    select w.work_id, me.node_id, r.run, r."startedAt", p.piece_id,
        case when p.piece_id is not null then r.fence end, r.attempt, r."finishedAt", r.outcome,
        r.record, case when wm.is_log(r.log) then r.log else '[]' end,
        case when w.placement = 'each' then r.piece is not null
          else p.fence is distinct from r.fence or p.node_id is distinct from me.node_id end
      from jsonb_to_recordset(said->'runs') as r (name text, run integer, "startedAt" timestamptz,
        piece bigint, fence bigint, attempt integer, "finishedAt" timestamptz, outcome text,
        record jsonb, log jsonb)
      join wm.work w on w.name = r.name
      left join wm.piece p on p.piece_id = r.piece and p.work_id = w.work_id
      where r.outcome in ('succeeded', 'failed', 'retry', 'interrupted')
        and wm.is_flat(r.record, 'object') and length(r.record::text) <= 65536
        and r.run >= 0 and r.attempt >= 0
        and r."startedAt" between now() - interval '10 years' and now() + interval '1 day'
        and (w.labels <@ me.labels or w.former_labels <@ me.labels or p.node_id = me.node_id
             or exists (select from wm.each_word d where d.work_id = w.work_id and d.node_id = me.node_id))
    on conflict do nothing;
  get diagnostics added = row_count;
  perform wm.lock_pieces(me.node_id, said->'ends');
  with ended as (update wm.piece p
    set state = e.state, due = greatest(least(e.due, now() + interval '10 years'), '2000-01-01'),
        since = greatest(least(e.since, now()), '2000-01-01'), period_ends = e."periodEnds",
        timing = e.timing, attempts = e.attempts, periods = e.periods, until = null,
        ended_by = case when e.state <> 0 or e.periods > p.periods then me.node_id
                     else p.ended_by end
    from jsonb_to_recordset(said->'ends') as e (piece bigint, fence bigint, state smallint,
      due timestamptz, since timestamptz, "periodEnds" timestamptz, timing smallint,
      attempts integer, periods integer)
    where p.piece_id = e.piece and p.fence = e.fence and p.node_id = me.node_id and p.state = 0
      and p.until is not null and wm.is_latest(p) and e.state between 0 and 2 and e.timing between 0 and 5
      and e.attempts between 0 and p.attempts + 1 and e.periods between p.periods and p.periods + 1
    returning p.work_id, p.alone, p.ended_by,
      case when p.state = 0 then p.periods else 2147483647 end as served)
  update wm.share s set served = greatest(s.served, e.served)
    from ended e
    where not e.alone and e.ended_by = me.node_id and s.work_id = e.work_id
      and s.node_id = me.node_id;
  insert into wm.each_word as w (node_id, work_id, generation, state, missing, waits)
    select me.node_id, k.work_id, e.generation, left(e.state, 20), coalesce(left(e.missing, 500), ''),
        case when wm.is_flat(e.waits, 'array') and length(e.waits::text) <= 8192 then e.waits
          else '[]' end
      from jsonb_to_recordset(said->'each') as e (name text, generation integer, state text,
        missing text, waits jsonb)
      join wm.work k on k.name = e.name and k.labels <@ me.labels
        and (k.placement = 'each' or e.state = 'refused')
      where e.generation <= k.generation
    on conflict (work_id, node_id) do update
      set generation = excluded.generation, state = excluded.state, missing = excluded.missing,
          waits = excluded.waits, as_of = now();
  if said ? 'cursor' then
    update wm.node_word w set cursor = (said->>'cursor')::timestamptz where w.node_id = me.node_id;
  end if;
  return jsonb_build_object('runs', added);
end $$;

-- For the administrator.

create function wm.queue_for(needs integer, custom text[], labels jsonb, priority integer,
                             counted boolean) returns integer
language plpgsql as $$
declare
  found integer;
begin
  loop
    select q.queue_id into found from wm.queue q
      where q.needs = queue_for.needs and q.custom = queue_for.custom
        and q.labels = queue_for.labels and q.priority = queue_for.priority
        and q.counted = queue_for.counted;
    exit when found is not null;
    insert into wm.queue (needs, custom, labels, priority, counted)
      values (queue_for.needs, queue_for.custom, queue_for.labels, queue_for.priority,
        queue_for.counted)
      on conflict do nothing;
  end loop;
  return found;
end $$;

-- Ends the work's claims and open pieces. A run in progress stops when its node hears of it: until
-- then no other one starts.
create function wm.close_pieces(closed bigint) returns void
language sql as $$
  select pg_notify('wm_fleet_closed', '');
  update wm.work w set free_at = greatest(w.free_at, (select max(p.until) from wm.piece p
      where p.work_id = closed and p.state = 0))
    where w.work_id = closed;
  update wm.piece set state = 3, until = null where work_id = closed and state = 0;
$$;

-- Before several changes in one transaction, to this work or to what files have declared: one
-- administrator comes after the other, and nodes wait.
create function wm.begin_changes(names jsonb) returns void
language plpgsql as $$
begin
  lock table wm.work in share row exclusive mode;
  perform from wm.piece p
    where p.state = 0 and p.work_id in (
      select a.work_id from wm.work a where a.applied
      union select w.work_id from jsonb_array_elements_text(names) n join wm.work w on w.name = n)
    order by p.piece_id for no key update;
end $$;

create function wm.cancel_work(named text) returns boolean
language plpgsql as $$
declare
  w wm.work;
begin
  select * into w from wm.work where name = named for no key update;
  if w.work_id is null then
    return null;
  end if;
  if w.cancelled_at is not null or (w.placement <> 'each' and not exists
      (select from wm.piece p where p.work_id = w.work_id and p.state = 0)) then
    return false;
  end if;
  update wm.work set cancelled_at = now() where work_id = w.work_id;
  perform wm.close_pieces(w.work_id);
  update wm.change set number = number + 1;
  notify wm_fleet;
  return true;
end $$;

-- Registers fleet work. `existing`: what to do with unfinished work of that name: keep, update or
-- replace. Returns enqueued, kept, updated or replaced.
create function wm.register_work(said jsonb) returns text
language plpgsql as $$
declare
  old wm.work;
  open_now boolean := false;
  result text := 'enqueued';
  queue integer;
  wanted text[] := coalesce(
    (select array_agg(c order by c) from jsonb_array_elements_text(said->'custom') c), '{}');
  pieces integer := (said->>'count')::integer;
  placement text := said->>'placement';
  row_of jsonb := said->'row';
  id bigint;
  last_fence bigint := 0;
begin
  select * into old from wm.work where name = said->>'name' for no key update;
  if old.work_id is not null then
    open_now := old.cancelled_at is null and (old.placement = 'each' or exists
      (select from wm.piece p where p.work_id = old.work_id and p.state = 0));
    if open_now and said->>'existing' = 'keep' then
      return 'kept';
    end if;
    if open_now and said->>'existing' = 'update' and old.request = said->'request'
       and old.placement = said->>'placement' and old.count = pieces
       and old.labels = said->'labels' and old.lease = (said->>'lease')::interval
       and old.hold = (said->>'hold')::interval then
      return 'unchanged';
    end if;
    if open_now then
      result := case said->>'existing' when 'update' then 'updated' else 'replaced' end;
    end if;
    if result = 'updated' and (old.placement <> placement or old.count <> pieces) then
      raise exception 'the placement of unfinished work cannot change: replace it'
        using errcode = 'P0001';
    end if;
    update wm.work w set placement = said->>'placement', count = pieces, labels = said->'labels',
        request = said->'request', lease = (said->>'lease')::interval,
        hold = (said->>'hold')::interval, generation = w.generation + 1, cancelled_at = null,
        applied = coalesce((said->>'applied')::boolean, false), registered_by = session_user,
        registered_at = now(),
        former_labels = case when w.labels = said->'labels' then w.former_labels else w.labels end
      where w.work_id = old.work_id;
    id := old.work_id;
    last_fence := coalesce((select max(fence) from wm.piece where work_id = id), 0);
  else
    insert into wm.work (name, placement, count, labels, request, lease, hold, applied)
      values (said->>'name', placement, pieces, said->'labels', said->'request',
        (said->>'lease')::interval, (said->>'hold')::interval,
        coalesce((said->>'applied')::boolean, false))
      returning work_id into id;
  end if;
  if placement = 'each' then
    perform wm.close_pieces(id);
    delete from wm.piece where work_id = id;
    delete from wm.share where work_id = id;
    update wm.change set number = number + 1;
  else
    queue := wm.queue_for((said->>'needs')::integer, wanted, said->'labels',
                          (said->>'priority')::integer, pieces > 1);
    if result = 'updated' then
      update wm.piece
        set queue_id = queue, deadline = enqueued_at + wm.deadline_of(said->'request')
        where work_id = id and state = 0;
    else
      perform wm.close_pieces(id);
      delete from wm.piece where work_id = id;
      delete from wm.share where work_id = id;
      insert into wm.piece (work_id, ordinal, alone, queue_id, due, deadline, enqueued_at, since,
                            timing, fence)
        select id, n, pieces = 1, queue,
            greatest((row_of->>'due')::timestamptz, (select free_at from wm.work where work_id = id)),
            (row_of->>'enqueuedAt')::timestamptz + wm.deadline_of(said->'request'),
            (row_of->>'enqueuedAt')::timestamptz, (row_of->>'since')::timestamptz,
            (row_of->>'timing')::smallint, last_fence
          from generate_series(1, pieces) n;
    end if;
    if old.placement = 'each' then
      update wm.change set number = number + 1;
    end if;
  end if;
  notify wm_fleet;
  return result;
end $$;

-- Closes the fleet to a node. It cannot renew its leases any more: others take its pieces when
-- these end, because until then its runs may go on.
create function wm.revoke_node(named text) returns name
language plpgsql as $$
declare
  gone wm.node;
begin
  update wm.node set revoked_at = now() where name = named and revoked_at is null
    returning * into gone;
  if gone.node_id is null then
    return null;
  end if;
  delete from wm.node_word where node_id = gone.node_id;
  delete from wm.each_word where node_id = gone.node_id;
  perform wm.settle_labels();
  notify wm_fleet;
  return gone.role;
end $$;

-- Forgets work that ended before that time, with all its runs, and other runs that started before
-- it, but not the last one of each node. Nodes are not held up.
create function wm.prune(past timestamptz) returns jsonb
language plpgsql as $$
declare
  works bigint;
  runs bigint;
begin
  lock table wm.work in share row exclusive mode;  -- Or a name could come back meanwhile.
  create temporary table gone on commit drop as
    select w.work_id from wm.work w
      where case when w.cancelled_at is not null
        then w.cancelled_at < past and coalesce(w.free_at, past) <= now()
        else w.placement <> 'each' and not exists (select from wm.piece p
          where p.work_id = w.work_id and (p.state = 0 or p.since >= past)) end;
  delete from wm.run r
    where r.work_id in (select work_id from pg_temp.gone)
       or (r.started_at < past and exists (select from wm.run later
             where later.work_id = r.work_id and later.node_id = r.node_id
               and later.started_at > r.started_at));
  get diagnostics runs = row_count;
  delete from wm.work w where w.work_id in (select work_id from pg_temp.gone);
  get diagnostics works = row_count;
  delete from wm.queue q where not exists (select from wm.piece p where p.queue_id = q.queue_id);
  return jsonb_build_object('works', works, 'runs', runs);
end $$;

-- In one word how work is: waiting, claimed, running, succeeded, failed, cancelled.
create function wm.state_of(w wm.work) returns text
language sql stable as $$
  select case
    when w.cancelled_at is not null then 'cancelled'
    when w.placement = 'each' then (
      select case
          when bool_or(d.state = 'running') then 'running'
          when count(*) = 0 or bool_or(d.node_id is null or d.generation <> w.generation
            or d.state not in ('succeeded', 'failed', 'cancelled')) then 'waiting'
          when bool_or(d.state = 'failed') then 'failed'
          else 'succeeded' end
        from wm.node n left join wm.each_word d on d.node_id = n.node_id and d.work_id = w.work_id
        where n.revoked_at is null and w.labels <@ n.labels)
    else (
      select case
          when bool_or(p.state = 0 and p.until > now() and p.running) then 'running'
          when bool_or(p.state = 0 and p.until > now()) then 'claimed'
          when bool_or(p.state = 0) then 'waiting'
          when bool_or(p.state = 2) then 'failed'
          when bool_or(p.state = 3) then 'cancelled'
          else 'succeeded' end
        from wm.piece p where p.work_id = w.work_id) end;
$$;

-- Work that has not ended; what has ended, however much it is, is not looked at.
create function wm.unfinished() returns setof wm.work
language sql stable as $$
  select w.*
    from (select distinct p.work_id from wm.piece p where p.state = 0) o
    join wm.work w on w.work_id = o.work_id
  union all
  select e.* from wm.work e
    where e.placement = 'each' and e.cancelled_at is null
      and wm.state_of(e) in ('waiting', 'claimed', 'running');
$$;

-- Work as a list shows it.
create function wm.summary_of(w wm.work) returns jsonb
language sql stable as $$
  select jsonb_build_object('name', w.name, 'placement', w.placement, 'count', w.count,
    'state', wm.state_of(w), 'labels', w.labels, 'generation', w.generation,
    'registeredAt', wm.iso(w.registered_at), 'leaseMs',
    (extract(epoch from w.lease) * 1000)::bigint, 'holdMs',
    (extract(epoch from w.hold) * 1000)::bigint, 'request', w.request,
    'nextRunAt', (select wm.iso(min(p.due)) from wm.piece p
      where p.work_id = w.work_id and p.state = 0 and (p.until is null or p.until <= now())),
    'deadlineAt', (select wm.iso(min(p.enqueued_at) + wm.deadline_of(w.request)) from wm.piece p
      where p.work_id = w.work_id and p.state = 0),
    'attempts', (select max(p.attempts) from wm.piece p
      where p.work_id = w.work_id and p.state = 0),
    'claims', (select coalesce(jsonb_agg(jsonb_build_object('node', n.name, 'fence', p.fence,
        'until', wm.iso(p.until), 'running', p.running) order by p.ordinal), '[]')
      from wm.piece p join wm.node n on n.node_id = p.node_id
      where p.work_id = w.work_id and p.state = 0 and p.until > now()));
$$;

-- One run as people and programs see it.
create function wm.run_view(r wm.run) returns jsonb
language sql stable as $$
  select r.record || jsonb_build_object('name', w.name, 'node', n.name, 'run', r.run,
      'fence', r.fence, 'attempt', r.attempt, 'startedAt', wm.iso(r.started_at),
      'finishedAt', wm.iso(r.finished_at), 'outcome', r.outcome, 'void', r.void,
      'reportedAt', wm.iso(r.reported_at))
    from wm.work w, wm.node n where w.work_id = r.work_id and n.node_id = r.node_id;
$$;

-- True if the node has ended a piece of `count` work, or of its period, and gets no other one.
create function wm.has_served(node integer, w wm.work) returns boolean
language sql stable as $$
  select exists (select from wm.share h
    where h.work_id = w.work_id and h.node_id = node and h.served > coalesce(
      (select min(o.periods) from wm.piece o where o.work_id = w.work_id and o.state = 0), -1));
$$;

-- Everything about one work; null: there is none.
create function wm.show_work(named text) returns jsonb
language sql stable as $$
  select wm.summary_of(w) || jsonb_build_object(
    'nodes', (select coalesce(jsonb_agg(jsonb_build_object('node', n.name,
        'draining', n.draining, 'seenAt', wm.iso(s.seen_at), 'holds', s.holds,
        'custom', s.custom, 'slots', s.slots, 'conditions', s.conditions,
        'waits', d.waits, 'served', wm.has_served(n.node_id, w),
        'lastRun', (select wm.run_view(r) from wm.run r
          where w.placement = 'each' and r.work_id = w.work_id and r.node_id = n.node_id
          order by r.started_at desc limit 1),
        'state', case when d.generation = w.generation and
                     (w.placement = 'each' or d.state = 'refused') then d.state
                   when w.placement = 'each' then 'unheard' end,
        'missing', d.missing,
        -- What has changed is reported before the next question.
        'asOf', wm.iso(greatest(d.as_of, s.seen_at))) order by n.name), '[]')
      from wm.node n left join wm.node_word s on s.node_id = n.node_id
      left join wm.each_word d on d.node_id = n.node_id and d.work_id = w.work_id
      where n.revoked_at is null and w.labels <@ n.labels),
    'lastResult', (select wm.run_view(r) from wm.run r where r.work_id = w.work_id and not r.void
      order by r.started_at desc limit 1),
    'runs', (select coalesce(jsonb_agg(wm.run_view(r) order by r.started_at desc), '[]')
      from (select * from wm.run a where a.work_id = w.work_id
              order by a.started_at desc limit 20) r))
  from wm.work w where w.name = named;
$$;

-- Nodes may call these, and nothing else.
revoke all on all tables in schema wm from public;
revoke all on all functions in schema wm from public;
revoke all on schema wm from public;
grant usage on schema wm to wm_node;
grant execute on function wm.hello(jsonb), wm.ask(jsonb), wm.claim(jsonb), wm.renew(jsonb),
  wm.hand_back(jsonb), wm.report(jsonb) to wm_node;
