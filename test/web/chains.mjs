// A chain to test against: started by tools/quickstart, or the test double. Both offer the same few verbs.
import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { MockChain } from '../../web/test-support/mock.mjs';
import { until } from './wait.mjs';

const run = promisify(execFile);

class RealChain {
  constructor(quickstart) {
    this.quickstart = resolve(quickstart);
    this.dir = mkdtempSync(join(tmpdir(), 'chaind-web-'));
  }

  async start() {
    const args = ['--dir', this.dir, '--port-base', '0', '--detach', '--json', '--rate-limit', 'off'];
    const { stdout } = await run(this.quickstart, args, {
      maxBuffer: 1 << 26,
    });
    const summary = JSON.parse(stdout.trim().split('\n').at(-1));
    this.nodes = summary.replicas.map(({ name, url }) => ({ name, url }));
    this.chainctl = summary.chainctl;
    await this.whole();
    return this;
  }

  kill_(name) {
    return run(this.quickstart, ['--kill', name, '--dir', this.dir]);
  }

  start_(name) {
    return run(this.quickstart, ['--start', name, '--dir', this.dir]);
  }

  async pause_(name) {
    const { nodes } = JSON.parse(await this.ctl('nodes', '-o', 'json'));
    this.paused = { ...this.paused, [name]: nodes.find((node) => node.name === name).pid };
    process.kill(this.paused[name], 'SIGSTOP');
  }

  resume_(name) {
    process.kill(this.paused[name], 'SIGCONT');
  }

  async ctl(...words) {
    const [program, ...endpoint] = this.chainctl;
    return (await run(program, [...endpoint, ...words])).stdout;
  }

  // Its exit status and what it printed, whether that is good news or not.
  async ctl_ended(...words) {
    const [program, ...endpoint] = this.chainctl;
    try {
      return { code: 0, out: (await run(program, [...endpoint, ...words])).stdout };
    } catch (ended) {
      return { code: ended.code, out: ended.stdout };
    }
  }

  // Returns when the machine is asked, not when it is out: what people see in between counts.
  drain(name) {
    return this.ctl('drain', name, '--no-wait');
  }

  undrain(name) {
    return this.ctl('undrain', name, '--wait-at-most', '60');
  }

  // From the machine itself: once it is out of the chain, no status has its clients.
  async clients(name) {
    const { nodes } = JSON.parse(await this.ctl('nodes', '-o', 'json'));
    const { admin_addr } = nodes.find((node) => node.name === name);
    const metrics = await (await fetch(`http://${admin_addr}/metrics`)).text();
    return Number(/^chaind_clients (\d+)$/m.exec(metrics)[1]);
  }

  async backup() {
    const file = join(this.dir, 'all.backup');
    await this.ctl('backup', 'create', file);
    return file;
  }

  // Another chain at the same addresses: the first machine begins with the backup, the others join it with nothing.
  async restore_backup(backup) {
    await this.down_all();
    const [first, ...others] = this.nodes.map((node) => node.name);
    for (const name of ['configd', first, ...others]) await rm(join(this.dir, name), { recursive: true });
    await this.ctl('backup', 'restore', backup, '--data-dir', join(this.dir, first));
    const file = join(this.dir, 'chain.json');
    const plan = { ...JSON.parse(await readFile(file, 'utf8')), bootstrap: [first] };
    await writeFile(file, JSON.stringify(plan));
    for (const name of ['configd', first, ...others]) await this.start_(name);
    await this.in_chain(1);
    for (const name of others) await this.ctl('add-node', name, `127.0.0.1:${plan.replicas[name].replica}`);
    await this.whole();
  }

  down_all() {
    return run(this.quickstart, ['--down', '--dir', this.dir]);
  }

  async stop() {
    for (const name of this.still ?? []) this.resume_(name);
    try {
      await this.down_all();
    } finally {
      await rm(this.dir, { recursive: true, force: true });
    }
  }
}

class DoubledChain {
  async start() {
    this.chain = await new MockChain().start();
    this.nodes = this.chain.replicas.map(({ name, url }) => ({
      name,
      url,
    }));
    return this;
  }
  kill_(name) {
    return name === 'configd' ? this.chain.config(false) : this.chain.node(name).kill();
  }
  start_(name) {
    return name === 'configd' ? this.chain.config(true) : this.chain.node(name).start();
  }
  pause_(name) {
    this.chain.pause(name);
  }
  resume_(name) {
    this.chain.resume(name);
  }
  drain(name) {
    this.chain.drain(name);
  }
  undrain(name) {
    this.chain.undrain(name);
  }
  clients(name) {
    return this.chain.clients(name);
  }
  backup() {
    return this.chain.world.backup();
  }
  restore_backup(backup) {
    return this.chain.restore(backup);
  }
  stop() {
    return this.chain.stop();
  }
}

// What both can do; mostly through the client side alone.
const shared = {
  kill(name) {
    this.down = new Set(this.down).add(name);
    return this.kill_(name);
  },
  async start_node(name) {
    await this.start_(name);
    this.down.delete(name);
  },
  // A process that is there and does nothing: its connections stay open.
  async pause(name) {
    await this.pause_(name);
    this.still = new Set(this.still).add(name);
  },
  resume(name) {
    this.resume_(name);
    this.still.delete(name);
  },
  // After a scenario, whatever it left behind: all machines in the chain again.
  async restore() {
    for (const name of this.still ?? []) this.resume(name);
    for (const name of this.down ?? []) await this.start_node(name);
    await this.whole();
  },
  async status() {
    for (const node of this.nodes) {
      try {
        const response = await fetch(`${node.url}/api/v1/status`, {
          signal: AbortSignal.timeout(2000),
        });
        if (response.ok) return await response.json();
      } catch {
        // The next one.
      }
    }
    return undefined;
  },
  whole() {
    return this.in_chain(this.nodes.length);
  },
  in_chain(count) {
    return until(
      `${count} machines are in the chain`,
      async () => (await this.status())?.chain?.length === count,
      60_000,
    );
  },
  async head() {
    const status = await this.status();
    return this.nodes.find((node) => node.name === status.chain[0].name);
  },
  others(node) {
    return this.nodes.filter((other) => other.name !== node.name);
  },
};
for (const kind of [RealChain, DoubledChain]) Object.assign(kind.prototype, shared);

export function make_chain(quickstart) {
  return quickstart === undefined ? new DoubledChain() : new RealChain(quickstart);
}
