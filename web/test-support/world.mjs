// The state behind the test double of a chain: people, conversations, messages, and what every change does to them.

export class Fault extends Error {
  constructor(code, msg, retry, more = {}) {
    super(msg);
    this.err = { code, msg, retry, outcome: 'none', ...more };
  }
}
export const bad = (msg, field) => new Fault('bad_request', msg, 'after_fix', field ? { field } : {});
const fresh_lineage = () => `ln_${Math.random().toString(16).slice(2, 8)}`;
const hidden = (what) => new Fault('not_found', `no such ${what}`, 'never');

// Everything that is committed. Every replica serves it at once: the double has no replication to test.
export class World {
  lineage = fresh_lineage();
  pos = 1000;
  mids = 0;
  made = 0;
  users = new Map();
  tokens = new Map();
  convs = new Map();
  log = [];
  done = new Map();
  sessions = new Set();

  commit(ev, conv, d, audience, more = {}) {
    const entry = { ev, pos: ++this.pos, conv, d, audience: new Set(audience), ...more };
    this.log.push(entry);
    for (const session of this.sessions) session.push(entry);
    return entry.pos;
  }

  // Everything that a backup holds; what went over the links is no part of it.
  backup() {
    const { pos, mids, made, users, tokens, convs, done } = this;
    return structuredClone({ pos, mids, made, users, tokens, convs, done });
  }

  restore(backup) {
    Object.assign(this, structuredClone(backup), { log: [], lineage: fresh_lineage() });
  }

  conv(id, uid) {
    const conv = this.convs.get(id);
    if (!conv || (conv.priv && !conv.members.has(uid))) throw hidden('conversation');
    return conv;
  }

  own(id, uid) {
    const conv = this.conv(id, uid);
    if (!conv.members.has(uid)) throw new Fault('forbidden', `not a member of ${id}`, 'never');
    return conv;
  }

  message(mid, uid) {
    for (const conv of this.convs.values()) {
      const msg = conv.msgs.find((one) => one.mid === mid);
      if (msg && conv.members.has(uid)) return [conv, msg];
    }
    throw hidden('message');
  }

  summary(conv, uid) {
    const me = conv.members.get(uid);
    const other = [...conv.members.keys()].find((one) => one !== uid);
    const last = me ? conv.msgs.at(-1) : undefined;
    const seq = conv.msgs.length;
    const read = me?.read ?? seq;
    return {
      ...{
        conv: conv.id,
        kind: conv.kind,
        name: conv.kind === 'dm' ? this.users.get(other).name : conv.name,
        priv: conv.priv,
      },
      ...{ topic: conv.topic, seq, rev: conv.rev, read, unread: seq - read, mentions: 0, muted: false },
      ...{
        member: me !== undefined,
        members: conv.members.size,
        last: last ? { uid: last.uid, body: last.body, at: last.at } : null,
      },
    };
  }

  shown(conv, msg) {
    const others = [...conv.members].filter(([uid]) => uid !== msg.uid).map(([, member]) => member);
    return {
      ...msg,
      delivered: others.every((one) => one.delivered >= msg.seq),
      read: others.every((one) => one.read >= msg.seq),
    };
  }

  change(uid, op, d, replicas) {
    switch (op) {
      case 'msg.send': {
        const conv = this.own(d.conv, uid);
        if (typeof d.body !== 'string' || d.body === '') throw bad('the text is empty', 'body');
        if (Buffer.byteLength(d.body) > 16384)
          throw new Fault('too_large', 'the text is larger than 16 KB', 'after_fix', { field: 'body' });
        const msg = {
          seq: conv.msgs.length + 1,
          mid: `m_${++this.mids}`,
          rev: ++conv.rev,
          uid,
          at: Date.now(),
          body: d.body,
          fmt: d.fmt,
          edited: false,
          deleted: false,
          reacts: [],
        };
        conv.msgs.push(msg);
        const me = conv.members.get(uid);
        me.read = me.delivered = msg.seq;
        const { seq, mid, at, rev } = msg;
        this.commit('msg.new', conv.id, { seq, mid, uid, at, body: d.body, fmt: d.fmt }, conv.members.keys(), {
          rev,
        });
        return { mid, seq, rev, at, replicas };
      }
      case 'msg.edit':
      case 'msg.delete': {
        const [conv, msg] = this.message(d.mid, uid);
        if (msg.uid !== uid) throw new Fault('forbidden', 'not your message', 'never');
        if (msg.deleted) throw hidden('message');
        msg.rev = ++conv.rev;
        if (op === 'msg.edit') {
          msg.body = d.body;
          msg.edited = true;
          this.commit(op, conv.id, { mid: msg.mid, body: d.body, at: Date.now(), by: uid }, conv.members.keys(), {
            rev: msg.rev,
          });
        } else {
          msg.body = '';
          msg.deleted = true;
          this.commit(op, conv.id, { mid: msg.mid, by: uid }, conv.members.keys(), { rev: msg.rev });
        }
        return { rev: msg.rev };
      }
      case 'read': {
        const conv = this.own(d.conv, uid);
        const me = conv.members.get(uid);
        if (d.seq > me.read) {
          me.read = Math.min(d.seq, conv.msgs.length);
          me.delivered = Math.max(me.delivered, me.read);
          this.commit('read', conv.id, { uid, seq: me.read }, conv.members.keys());
        }
        return {};
      }
      case 'conv.create': {
        if (d.kind === 'dm') {
          const peer = d.members[0];
          if (!this.users.has(peer) || peer === uid) throw bad('no such person', 'members');
          for (const conv of this.convs.values())
            if (conv.kind === 'dm' && conv.members.has(uid) && conv.members.has(peer)) return { conv: conv.id };
          return { conv: this.create({ kind: 'dm', name: '', priv: true, topic: '' }, [uid, peer]) };
        }
        if (!/^[a-z0-9._-]{2,32}$/.test(d.name)) throw bad('not a name', 'name');
        if ([...this.convs.values()].some((one) => one.name === d.name))
          throw new Fault('conflict', 'the name is taken', 'after_fix', { field: 'name' });
        return {
          conv: this.create({ kind: 'room', name: d.name, priv: d.priv === true, topic: d.topic ?? '' }, [uid]),
        };
      }
      case 'conv.join':
      case 'conv.leave': {
        const conv = this.conv(d.conv, uid);
        const audience = new Set([...conv.members.keys(), uid]);
        if (op === 'conv.join')
          conv.members.set(uid, conv.members.get(uid) ?? { read: conv.msgs.length, delivered: conv.msgs.length });
        else conv.members.delete(uid);
        const { name } = this.users.get(uid);
        this.commit('conv.member', conv.id, { uid, on: op === 'conv.join', user: { uid, name } }, audience);
        return { rev: conv.rev };
      }
      case 'conv.archive': {
        const conv = this.conv(d.conv, uid);
        if (conv.kind !== 'room' || conv.creator !== uid) throw new Fault('forbidden', 'not your room', 'never');
        const audience = conv.priv ? [...conv.members.keys()] : this.users.keys();
        this.convs.delete(conv.id);
        this.commit('conv.gone', conv.id, {}, audience);
        return { rev: conv.rev };
      }
      default:
        throw bad(`unknown op ${op}`, 'op');
    }
  }

  create(shape, uids) {
    const id = `c_${++this.made}`;
    const conv = {
      id,
      creator: uids[0],
      ...shape,
      rev: 0,
      msgs: [],
      members: new Map(uids.map((uid) => [uid, { read: 0, delivered: 0 }])),
    };
    this.convs.set(id, conv);
    const everybody = shape.priv ? uids : this.users.keys();
    this.commit('conv.new', id, (uid) => this.summary(conv, uid), everybody);
    return id;
  }

  history(uid, d) {
    const conv = this.own(d.conv, uid);
    const limit = d.limit ?? 50;
    const after = d.after !== undefined;
    const pool = conv.msgs.filter((msg) => (after ? msg.seq > d.after : msg.seq < (d.before ?? Infinity)));
    const msgs = after ? pool.slice(0, limit) : pool.slice(-limit);
    return {
      conv: conv.id,
      msgs: msgs.map((msg) => this.shown(conv, msg)),
      rev: conv.rev,
      more: pool.length > msgs.length,
    };
  }
}
