-- Keys of labels that only the administrator sets: those that any node has ever been given.
create table wm.reserved_label (
  key text primary key
);
insert into wm.reserved_label select distinct jsonb_object_keys(given) from wm.node;

-- What each node has had of `count` work, so that no question looks through its other pieces.
create table wm.share (
  work_id  bigint not null references wm.work on delete cascade,
  node_id  integer not null references wm.node,
  piece_id bigint not null,               -- The last one that it has claimed.
  served   integer not null default -1,   -- Periods that it has ended; work that ends has only one.
  primary key (work_id, node_id)
) with (fillfactor = 70);
insert into wm.share
  select had.work_id, had.node_id, (array_agg(had.piece_id order by had.served))[1],
      max(had.served)
    from (select work_id, node_id, piece_id, -1 as served from wm.piece
            where not alone and state = 0 and until is not null
          union all
          select work_id, ended_by, piece_id, case when state = 0 then periods else 2147483647 end
            from wm.piece where not alone and ended_by is not null) had
    group by had.work_id, had.node_id;

-- The labels of work before it was replaced: runs of the claims of that time are still reported.
alter table wm.work add column former_labels jsonb;
-- A queue without pieces is forgotten.
create index piece_queue on wm.piece (queue_id);
