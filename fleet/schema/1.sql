-- The tables of a fleet. Nodes reach them only through the functions in functions.sql.

create table wm.node (
  node_id     integer generated always as identity primary key,
  name        text not null unique check (name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,47}$'),
  role        name not null unique,
  given       jsonb not null default '{}',  -- The administrator's labels.
  own         jsonb not null default '{}',  -- Those that the node sets itself.
  labels      jsonb not null default '{}',  -- Those that count: see wm.settle_labels().
  draining    boolean not null default false,
  enrolled_at timestamptz not null default now(),
  revoked_at  timestamptz
);

-- What each node last said. It changes with every question, and no index knows of it.
create table wm.node_word (
  node_id    integer primary key references wm.node on delete cascade,
  seen_at    timestamptz not null default now(),
  version    text not null default '',
  holds      integer not null default 0,     -- A bit for each constraint that holds there.
  custom     text[] not null default '{}',   -- Conditions of its configuration that hold.
  conditions jsonb not null default '{}',    -- The values, for people.
  slots      integer not null default 0,
  cursor     timestamptz                     -- Runs that started before it are reported.
) with (fillfactor = 50);

-- What pieces of work need from a node: each set that is different, once. A node looks for work in
-- those that fit, so nothing that does not is ever looked at.
create table wm.queue (
  queue_id integer generated always as identity primary key,
  needs    integer not null,
  custom   text[] not null,
  labels   jsonb not null,
  priority smallint not null,
  unique (needs, custom, labels, priority)
);
create index on wm.queue (priority desc);

create table wm.work (
  work_id       bigint generated always as identity primary key,
  name          text not null unique,
  placement     text not null check (placement in ('any', 'each', 'count')),
  count         integer not null default 1 check (count between 1 and 1000),
  labels        jsonb not null default '{}',
  request       jsonb not null,
  lease         interval not null,
  hold          interval not null,
  generation    integer not null default 1,
  applied       boolean not null default false,  -- Declared by a file.
  registered_by name not null default session_user,
  registered_at timestamptz not null default now(),
  cancelled_at  timestamptz,
  free_at       timestamptz  -- A claim that was cancelled may run until then.
);
create index work_each on wm.work (work_id) where placement = 'each' and cancelled_at is null;

-- One run of `any` or `count` work that is to happen, or the periods of it. A claim writes only
-- columns that no index knows, into the free space of the same page: it is a HOT update. Therefore
-- no index leads to the pieces of a node; only the administrator asks for them.
create table wm.piece (
  piece_id    bigint generated always as identity primary key,
  work_id     bigint not null references wm.work on delete cascade,
  ordinal     integer not null,
  alone       boolean not null,             -- It is the only piece of its work.
  queue_id    integer not null references wm.queue,
  -- 0 open, 1 succeeded, 2 failed, 3 cancelled.
  state       smallint not null default 0 check (state between 0 and 3),
  due         timestamptz not null,
  deadline    timestamptz,                  -- The needs end then; null: never, or they have ended.
  -- The row of the scheduling rules.
  enqueued_at timestamptz not null,
  since       timestamptz not null,
  period_ends timestamptz,
  timing      smallint not null,
  attempts    integer not null default 0,
  periods     integer not null default 0,
  -- The claim.
  fence       bigint not null default 0,
  node_id     integer references wm.node,   -- Who has it, or had it last.
  until       timestamptz,                  -- The end of the lease; null: nobody has it.
  running     boolean not null default false,  -- As its node said at the last renewal.
  ended_by    integer references wm.node,   -- Who ended its last period.
  unique (work_id, ordinal)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02,
        autovacuum_vacuum_insert_scale_factor = 0.05);
create index piece_open on wm.piece (queue_id, due, piece_id) where state = 0;
create index piece_deadline on wm.piece (queue_id, deadline) where state = 0 and deadline is not null;

create table wm.run (
  work_id     bigint not null references wm.work on delete cascade,
  node_id     integer not null references wm.node,
  run         integer not null,
  started_at  timestamptz not null,
  piece_id    bigint,
  fence       bigint,
  attempt     integer not null check (attempt >= 0),
  finished_at timestamptz,
  outcome     text not null
    check (outcome in ('succeeded', 'failed', 'retry', 'interrupted')),
  record      jsonb not null,                -- As the node's daemon has it.
  log         jsonb not null default '[]',   -- The end of its output.
  void        boolean not null default false,  -- The claim was not the node's any more.
  reported_at timestamptz not null default now(),
  primary key (work_id, node_id, run, started_at)
);
create index run_by_time on wm.run (started_at desc);
create index run_by_node on wm.run (node_id, started_at desc);

-- How `each` work is on each node, and what work a node refuses.
create table wm.each_word (
  node_id    integer not null references wm.node on delete cascade,
  work_id    bigint not null references wm.work on delete cascade,
  generation integer not null,
  state      text not null,
  missing    text not null default '',      -- Of refused work: why.
  waits      jsonb not null default '[]',   -- What its daemon waits for.
  as_of      timestamptz not null default now(),
  primary key (work_id, node_id)
) with (fillfactor = 70);

-- Counts the changes of what `each` means for any node. One row, so that the count is in the order
-- of the commits.
create table wm.change (
  number bigint not null,
  one    boolean primary key default true check (one)
) with (fillfactor = 20);
insert into wm.change (number) values (1);
