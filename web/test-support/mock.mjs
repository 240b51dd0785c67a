// A test double of a chain of replicas, in memory: chat.v1 over WebSocket and the HTTP paths that the web client uses, on
// several ports that share one state. Replicas can be killed (sockets reset, listener closed), started again, or made
// silent; writes can be held back or lose their answer after the commit. It keeps to docs/client_api.md; it is no
// reference.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';
import { bad, Fault, World } from './world.mjs';

const drain_within_ms = 10_000;
const dist = process.env.WEB_DIST ?? fileURLToPath(new URL('../dist/', import.meta.url));
const types = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
};

class Session {
  uid = null;
  cursor = 0;
  constructor(chain, replica, socket) {
    Object.assign(this, { chain, replica, socket, world: chain.world });
    this.world.sessions.add(this);
    socket.on('message', (data) => this.receive(String(data)));
    socket.on('close', () => this.world.sessions.delete(this));
  }

  send(frame) {
    if (!this.replica.silent) this.socket.send(JSON.stringify(frame));
  }

  push({ audience, ...entry }) {
    if (this.uid === null || !audience.has(this.uid)) return;
    const d = typeof entry.d === 'function' ? entry.d(this.uid) : entry.d;
    const event = { ...entry, d, prev: this.cursor };
    this.cursor = entry.pos;
    this.send(event);
  }

  receive(text) {
    if (this.replica.silent) return;
    const frame = JSON.parse(text);
    if (frame.op === 'ack') return this.ack(frame.d.pos);
    if (frame.op === 'typing') return this.typing(frame.d);
    const answer = (d, more = {}) => this.send({ re: frame.id, ok: true, pos: this.world.pos, ...more, d });
    const refuse = (err) => this.send({ re: frame.id, ok: false, err });
    try {
      if (frame.op === 'hello') return this.hello(frame, answer, refuse);
      if (frame.op === 'ping') return answer({ t: Date.now() });
      if (this.uid === null) throw new Fault('unauthenticated', 'sign in first', 'reauth');
      if (frame.cid === undefined) return answer(this.read(frame.op, frame.d));
      this.chain.submit(this, frame, answer, refuse);
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault;
      refuse(fault.err);
    }
  }

  read(op, d) {
    const world = this.world;
    const people = () => [...world.users.values()].map(({ uid, name }) => ({ uid, name, display: name }));
    switch (op) {
      case 'status':
        return this.chain.cluster(this.replica);
      case 'sync': {
        const mine = [...world.convs.values()].filter((conv) => !conv.priv || conv.members.has(this.uid));
        return { convs: mine.map((conv) => world.summary(conv, this.uid)), users: people(), next: null };
      }
      case 'history':
        return world.history(this.uid, d);
      case 'members': {
        const conv = world.own(d.conv, this.uid);
        return {
          members: [...conv.members].map(([uid, { read, delivered }]) => ({
            uid,
            name: world.users.get(uid).name,
            read,
            delivered,
          })),
        };
      }
      case 'users':
        return { users: people().filter((user) => user.name.startsWith(d.prefix)) };
      default:
        throw bad(`unknown op ${op}`, 'op');
    }
  }

  hello(frame, answer, refuse) {
    const world = this.world;
    const uid = world.tokens.get(frame.d.token);
    if (uid === undefined) {
      refuse({ code: 'unauthenticated', msg: 'the token is not valid', retry: 'reauth', outcome: 'none' });
      return this.socket.close(4501, 'bad token');
    }
    if (!this.chain.serves) {
      refuse({ code: 'unavailable', msg: 'the chain does not serve', retry: 'same_cid', outcome: 'none', after_ms: 150 });
      return this.socket.close(4004, 'the chain does not serve');
    }
    const wanted = frame.d.resume;
    const resume = !wanted
      ? 'new'
      : wanted.lineage === world.lineage && wanted.pos >= this.chain.oldest
        ? 'ok'
        : 'gone';
    this.cursor = resume === 'ok' ? wanted.pos : world.pos;
    answer({
      ...{
        proto: 1,
        caps: ['batch'],
        me: { uid, name: world.users.get(uid).name, role: 'member' },
        resume,
        lineage: world.lineage,
      },
      hb: { interval_ms: 15000, timeout_ms: 4000 },
      limits: { frame: 65536, body: 16384, inflight: 32, unacked: 512, rate: { msg_per_s: 10, burst: 20 } },
      cluster: this.chain.cluster(this.replica),
    });
    this.uid = uid;
    if (this.replica.draining) return this.bye();
    if (resume === 'ok') for (const entry of world.log) if (entry.pos > wanted.pos) this.push(entry);
    this.send({ ev: 'live', pos: world.pos, d: {} });
  }

  bye() {
    const prefer = this.chain.members.filter((one) => one !== this.replica && !one.draining).map((one) => one.name);
    const d = { code: 4001, reason: 'draining', reconnect: true, within_ms: drain_within_ms, prefer };
    this.send({ ev: 'bye', d });
  }

  typing({ conv, on }) {
    const members = this.world.convs.get(conv)?.members;
    for (const other of this.world.sessions)
      if (other.uid !== this.uid && members?.has(other.uid))
        other.send({ ev: 'typing', conv, d: { uid: this.uid, on, ttl_ms: 6000 } });
  }

  // A message is delivered when its recipient's client has acknowledged its event.
  ack(pos) {
    for (const entry of this.world.log) {
      if (entry.ev !== 'msg.new' || entry.pos > pos || entry.d.uid === this.uid || !entry.audience.has(this.uid))
        continue;
      const member = this.world.convs.get(entry.conv)?.members.get(this.uid);
      if (!member || member.delivered >= entry.d.seq) continue;
      member.delivered = entry.d.seq;
      this.world.commit(
        'delivered',
        entry.conv,
        { uid: this.uid, seq: entry.d.seq },
        this.world.convs.get(entry.conv).members.keys(),
      );
    }
  }
}

class Replica {
  silent = false;
  draining = false;
  since = Date.now();
  constructor(chain, name) {
    Object.assign(this, { chain, name, port: 0, server: undefined, sockets: new Set() });
  }

  get up() {
    return this.server !== undefined;
  }

  async start() {
    const server = createServer((request, response) => void this.chain.http(this, request, response));
    const sockets = new WebSocketServer({
      noServer: true,
      handleProtocols: (offered) => (offered.has('chat.v1') ? 'chat.v1' : false),
    });
    server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
    server.on('upgrade', (request, socket, head) => {
      if (!this.chain.origin_ok(request)) return void socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      sockets.handleUpgrade(request, socket, head, (ws) => new Session(this.chain, this, ws));
    });
    await new Promise((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = server.address().port;
    this.server = server;
    this.chain.changed();
  }

  // As kill -9 does it: every connection is reset, nothing is said.
  async kill() {
    const server = this.server;
    this.server = undefined;
    this.since = Date.now();
    for (const socket of this.sockets) socket.resetAndDestroy();
    await new Promise((resolve) => server.close(resolve));
    this.chain.changed();
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }
}

export class MockChain {
  world = new World();
  epoch = 1;
  oldest = 0;
  // Writes wait here while the chain is "reconfiguring".
  held = undefined;
  // Answers to drop after the commit: how many of the next changes.
  drop_answers = 0;
  config_up = true;
  last = []; // the members of the newest chain that served
  lost = false; // all of these are away, or were and are not all back
  state = undefined;

  constructor(size = 3) {
    this.replicas = Array.from({ length: size }, (_, at) => new Replica(this, `n${at + 1}`));
  }

  async start() {
    for (const replica of this.replicas) await replica.start();
    return this;
  }

  async stop() {
    for (const replica of this.replicas) if (replica.up) await replica.kill();
  }

  // Without the config service nobody takes a machine that is away out of the chain, and a chain whose last members were
  // all lost waits for them: whoever else comes back does not have all that was acknowledged.
  get serves() {
    return !this.lost && (this.config_up || this.members.length === this.replicas.length);
  }

  get members() {
    return this.replicas.filter((replica) => replica.up && !replica.silent);
  }

  node(name) {
    return this.replicas.find((replica) => replica.name === name);
  }

  changed() {
    this.epoch++;
    const up = this.members;
    if (this.last.length > 0) this.lost = this.lost ? !this.last.every((one) => up.includes(one)) : !this.last.some((one) => up.includes(one));
    if (!this.lost && this.config_up) this.last = up;
    for (const session of this.world.sessions)
      if (session.uid !== null && session.replica.up) {
        session.send({ ev: 'cluster', d: this.cluster(session.replica) });
        if (!this.serves) session.socket.close(4004, 'the chain does not serve');
      }
  }

  cluster(replica) {
    const up = this.members;
    const away = this.replicas.filter((one) => !up.includes(one)).map((one) => one.name);
    return {
      ...{
        state: this.state ?? (!this.serves ? 'down' : away.length > 0 || !this.config_up ? 'degraded' : 'healthy'),
        epoch: this.epoch,
        replicas: up.length,
        want: this.replicas.length,
      },
      ...{
        node: replica.name,
        endpoints: up.map((one) => ({ node: one.name, url: `ws://127.0.0.1:${one.port}/ws` })),
      },
      ...(away.length > 0 ? { reason: `${away.join(', ')} unreachable` } : {}),
    };
  }

  status() {
    const up = this.members;
    const role = (at) => (up.length === 1 ? 'solo' : at === 0 ? 'head' : at === up.length - 1 ? 'tail' : 'middle');
    const clients = (one) => [...this.world.sessions].filter((session) => session.replica === one).length;
    return {
      ...{
        schema: 'chainctl.status.v1',
        cluster: 'mock',
        client_urls: this.replicas.map((one) => one.url),
        state: this.state ?? (!this.serves ? 'down' : up.length < this.replicas.length || !this.config_up ? 'degraded' : 'healthy'),
      },
      ...{
        epoch: this.epoch,
        lineage: this.world.lineage,
        replicas: { want: this.replicas.length, have: up.length },
        committed: this.world.pos,
      },
      chain: up.map((one, at) => ({
        ...{
          name: one.name,
          role: role(at),
          state: 'normal',
          replica_addr: `127.0.0.1:${one.port + 100}`,
          client_url: one.url,
          pid: 1000 + at,
        },
        ...{
          version: '0.1.0',
          log_end: this.world.pos,
          committed: this.world.pos,
          lag: 0,
          clients: clients(one),
          db_bytes: 417792,
          lease_ms: 480,
        },
      })),
      joining: [],
      failed: this.replicas
        .filter((one) => !up.includes(one))
        .map((one) => ({
          name: one.name,
          since: new Date(one.since).toISOString(),
          reason: 'connection reset',
        })),
      config_service: { state: this.config_up ? 'up' : 'down', store: 'sqlite' },
    };
  }

  config(up) {
    this.config_up = up;
    this.changed();
  }

  // As a stopped process: connections stay, nothing is said, and the chain goes on without it.
  pause(name) {
    const replica = this.node(name);
    replica.silent = true;
    replica.since = Date.now();
    this.changed();
  }

  resume(name) {
    const replica = this.node(name);
    replica.silent = false;
    for (const session of this.world.sessions) if (session.replica === replica) session.socket.terminate();
    this.changed();
  }

  // The machine asks its clients to leave; it is the clients who go. Who is still there after a while is sent away.
  drain(name) {
    const replica = this.node(name);
    replica.draining = true;
    const here = [...this.world.sessions].filter((session) => session.replica === replica);
    for (const session of here) session.bye();
    this.drain_timer = setTimeout(() => {
      for (const session of here) session.socket.close(4001, 'draining');
    }, drain_within_ms);
  }

  clients(name) {
    return [...this.world.sessions].filter((session) => session.replica === this.node(name)).length;
  }

  undrain(name) {
    clearTimeout(this.drain_timer);
    this.node(name).draining = false;
  }

  // All machines stop, and come back with what they had when the backup was made, as another history.
  async restore(backup) {
    for (const replica of this.replicas) await replica.kill();
    this.world.restore(backup);
    this.oldest = this.world.pos;
    for (const replica of this.replicas) await replica.start();
  }

  // Holds every change back until release(): the time in which a chain agrees on its next epoch.
  hold() {
    this.held ??= [];
  }

  release() {
    const held = this.held ?? [];
    this.held = undefined;
    for (const run of held) run();
  }

  submit(session, frame, answer, refuse) {
    const run = () => {
      const key = `${session.uid} ${frame.cid}`;
      const before = this.world.done.get(key);
      try {
        const d = before ?? this.world.change(session.uid, frame.op, frame.d, this.members.length);
        this.world.done.set(key, d);
        if (this.drop_answers > 0) this.drop_answers--;
        else answer(d, { dup: before !== undefined });
      } catch (fault) {
        if (!(fault instanceof Fault)) throw fault;
        refuse(fault.err);
      }
    };
    if (this.held) this.held.push(run);
    else run();
  }

  origin_ok(request) {
    const origin = request.headers.origin;
    return origin === undefined || this.replicas.some((one) => origin === one.url);
  }

  async http(replica, request, response) {
    if (replica.silent) return;
    const members = this.replicas.map((one) => one.url);
    const connect = members.flatMap((url) => [url, url.replace('http', 'ws')]).join(' ');
    const headers = {
      'Content-Security-Policy': `default-src 'self'; connect-src 'self' ${connect}; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; require-trusted-types-for 'script'`,
      'Cache-Control': 'no-store',
      Connection: 'close',
    };
    if (members.includes(request.headers.origin))
      Object.assign(headers, {
        'Access-Control-Allow-Origin': request.headers.origin,
        'Access-Control-Allow-Headers': 'Authorization, Content-Type, Idempotency-Key',
        'Access-Control-Allow-Methods': 'GET, POST, PUT, DELETE',
        Vary: 'Origin',
      });
    const send = (code, body, type = 'application/json') =>
      response.writeHead(code, { ...headers, 'Content-Type': type }).end(body);
    const path = new URL(request.url, replica.url).pathname;
    if (request.method === 'OPTIONS') return send(204);
    let text = '';
    for await (const chunk of request) text += chunk;
    if (path === '/api/v1/status') return send(200, JSON.stringify(this.status()));
    if (path === '/api/v1/accounts' || path === '/api/v1/session') {
      if (request.method === 'DELETE') return send(200, '{}');
      const { code, body } = this.account(path.endsWith('accounts'), JSON.parse(text));
      return send(code, JSON.stringify(body));
    }
    const removed = request.method === 'DELETE' && /^\/api\/v1\/conversations\/(c_\d+)$/.exec(path);
    if (removed) {
      const uid = this.world.tokens.get((request.headers.authorization ?? '').replace('Bearer ', ''));
      try {
        if (!uid) throw new Fault('unauthenticated', 'sign in first', 'reauth');
        return send(200, JSON.stringify(this.world.change(uid, 'conv.archive', { conv: removed[1] })));
      } catch (why) {
        return send(why.err.code === 'unauthenticated' ? 401 : 404, JSON.stringify({ err: why.err }));
      }
    }
    const file = normalize(path === '/' ? '/index.html' : path);
    try {
      send(200, await readFile(join(dist, file)), types[extname(file)] ?? 'application/octet-stream');
    } catch {
      send(404, JSON.stringify({ err: { code: 'not_found', msg: 'nothing here', retry: 'never', outcome: 'none' } }));
    }
  }

  account(fresh, { name, password }) {
    const refuse = (code, err) => ({ code, body: { err: { outcome: 'none', ...err } } });
    let user = [...this.world.users.values()].find((one) => one.name === name);
    if (fresh) {
      if (user) return refuse(409, { code: 'conflict', msg: 'the name is taken', retry: 'after_fix', field: 'name' });
      if (password.length < 8)
        return refuse(400, {
          code: 'bad_request',
          msg: 'at least 8 characters',
          retry: 'after_fix',
          field: 'password',
        });
      user = { uid: `u_${this.world.users.size + 1}`, name, password };
      this.world.users.set(user.uid, user);
      this.world.commit('user.update', undefined, { uid: user.uid, name }, this.world.users.keys());
    } else if (user?.password !== password)
      return refuse(401, { code: 'unauthenticated', msg: 'name or password is not right', retry: 'reauth' });
    const token = `s1.${crypto.randomUUID()}`;
    this.world.tokens.set(token, user.uid);
    return { code: fresh ? 201 : 200, body: { uid: user.uid, name, token } };
  }
}

// node test-support/mock.mjs: three replicas on 8081 to 8083, to look at the page by hand.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const chain = new MockChain();
  chain.replicas.forEach((replica, at) => (replica.port = 8081 + at));
  await chain.start();
  for (const replica of chain.replicas) console.log(replica.name, replica.url);
}
