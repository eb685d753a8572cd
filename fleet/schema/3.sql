-- Which machine a node last was: a copy of its configuration is not the node.
alter table wm.node_word add column machine text not null default '';

-- How many bytes of reports a node may still send: see wm.spend().
alter table wm.node_word add column allowance bigint not null default 268435456,
  add column allowed_at timestamptz not null default now();

-- Pieces of `count` work have queues of their own: a node passes by whole works there.
alter table wm.queue add column counted boolean not null default false,
  drop constraint queue_needs_custom_labels_priority_key,
  add unique (needs, custom, labels, priority, counted);
insert into wm.queue (needs, custom, labels, priority, counted)
  select q.needs, q.custom, q.labels, q.priority, true from wm.queue q
    where exists (select from wm.piece p where p.queue_id = q.queue_id and not p.alone);
update wm.piece p set queue_id = c.queue_id
  from wm.queue q join wm.queue c using (needs, custom, labels, priority)
  where p.queue_id = q.queue_id and not q.counted and c.counted and not p.alone;

-- Only work that files have declared.
create index work_applied on wm.work (work_id) where applied;
