// The contract: the golden frames are valid for the schema that belongs to docs/client_api.md and for the extended one,
// what they carry in `d` is what the extended one says, and the checked-in types are the ones that it gives.
import { readFileSync } from 'node:fs';
import Ajv from 'ajv';
import { describe, expect, it } from 'vitest';
import { generate } from '../scripts/gen-types.mjs';

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
const golden = JSON.parse(read('../../test/data/chat.v1/schema.json'));
const extended = JSON.parse(read('../schema/chat.v1.json'));
const frames = read('../../test/data/chat.v1/examples.jsonl')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as { dir: 'c' | 's'; f: Record<string, unknown> });

const ajv = new Ajv({ strict: false });
ajv.addSchema(golden, 'golden');
ajv.addSchema(extended, 'extended');

function validate(ref: string, value: unknown): string {
  const check = ajv.getSchema(ref);
  if (!check) throw new Error(`no ${ref}`);
  return check(value) ? '' : ajv.errorsText(check.errors);
}

// Where the `d` of a frame is described; answers are known by the request that they answer.
const ops = new Map(frames.filter(({ f }) => f.op && f.id).map(({ f }) => [f.id as number, f.op as string]));
function d_ref(f: Record<string, unknown>): string | undefined {
  const within = (group: string, name: string, rest = '') => {
    const group_schema = extended.definitions[group].properties as Record<string, unknown>;
    return group_schema[name] ? `extended#/definitions/${group}/properties/${name}${rest}` : undefined;
  };
  if (f.re !== undefined) return f.ok ? within('ops', ops.get(f.re as number) ?? '', '/properties/answer') : undefined;
  if (f.op !== undefined)
    return f.id === undefined ? within('notes', f.op as string) : within('ops', f.op as string, '/properties/d');
  return within('pos' in f && 'prev' in f ? 'durable_events' : 'ephemeral_events', f.ev as string);
}

describe('chat.v1', () => {
  it('has 31 golden frames', () => expect(frames).toHaveLength(31));

  it.each(frames.map((frame, at) => [at + 1, frame] as const))(
    'frame %i is valid, and so is its d',
    (_, { dir, f }) => {
      const side = dir === 'c' ? 'client' : 'server';
      expect(validate(`golden#/definitions/${side}`, f)).toBe('');
      expect(validate(`extended#/definitions/${side}`, f)).toBe('');
      const inner = (f.evs as Record<string, unknown>[] | undefined) ?? [f];
      for (const one of inner) {
        if (one.err) continue;
        const ref = d_ref(one);
        expect(ref, JSON.stringify(one)).toBeDefined();
        expect(validate(ref!, one.d)).toBe('');
      }
    },
  );

  it('refuses what it should refuse', () => {
    expect(validate('extended#/definitions/client', { id: 1, op: 'msg.send', d: {} })).not.toBe('');
    expect(validate('extended#/definitions/ops/properties/msg.send/properties/d', { conv: 'c_1', fmt: 'md' })).not.toBe(
      '',
    );
    expect(validate('extended#/definitions/ops/properties/history/properties/d', { conv: 'c_1', limit: 201 })).not.toBe(
      '',
    );
    expect(validate('extended#/definitions/durable_events/properties/msg.new', { seq: 1 })).not.toBe('');
  });

  it('keeps every definition of the golden schema as it is', () => {
    for (const [name, definition] of Object.entries(golden.definitions))
      expect(extended.definitions[name]).toEqual(definition);
  });

  it('has types that are up to date (npm run schema)', async () => {
    expect(read('../src/protocol/types.gen.ts')).toBe(await generate());
  });
});
