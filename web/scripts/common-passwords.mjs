// Writes the passwords that chaind refuses, one a line, beside the web client: it is embedded into chaind with it.
// They are the 3,000 most common ones that are long enough to be a password here, in zxcvbn's list (MIT), which was
// counted in passwords that had become public.
import { createRequire } from 'node:module';
import { writeFile } from 'node:fs/promises';

const { passwords } = createRequire(import.meta.url)('zxcvbn/lib/frequency_lists.js');
const wanted = 3000;
const shortest = 8;
const chosen = passwords.filter((word) => word.length >= shortest).slice(0, wanted);
if (chosen.length < wanted || chosen.some((word) => !/^[\x21-\x7e]+$/.test(word) || word !== word.toLowerCase()))
  throw new Error(`the list has ${chosen.length} passwords, or one that is not plain lower case`);
await writeFile(new URL('../dist/common-passwords.txt', import.meta.url), chosen.join('\n') + '\n');
