import { Type } from 'class-transformer';
import { IsArray, ValidateNested } from 'class-validator';
import { TextField } from './fields.js';
import { RequestShapePipe } from './request-shape.pipe.js';

class Pair {
  @TextField({ required: true, maxLength: 5 })
  key: string;
}

class Request {
  @TextField({ maxLength: 5 })
  name?: string;

  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => Pair)
  pairs: Pair[];
}

const shaped = async (value: unknown) => new RequestShapePipe().transform(value, { type: 'body', metatype: Request });

describe('RequestShapePipe', () => {
  it('drops what is not declared, at every depth, and so hands on nothing that only the server sets (CVE-2025-61928)', async () => {
    const undeclared = { id: 'x', identityId: 'x', organizationId: 'x', numUses: 9, toString: 'x' };
    const { pairs, ...rest } = (await shaped({
      ...undeclared,
      name: 'a',
      pairs: [{ ...undeclared, key: 'k' }],
    })) as Request;
    expect({ ...rest }).toEqual({ name: 'a' });
    expect(pairs.map((pair) => ({ ...pair }))).toEqual([{ key: 'k' }]);
  });

  it('lists every failure with its path and without its value (CVE-2025-4166)', async () => {
    const failure = await shaped({ name: 'a secret', pairs: [{ key: 'k' }, { key: 'another secret' }] }).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ issues: [{ path: ['name'] }, { path: ['pairs', 1, 'key'] }] });
    expect(JSON.stringify(failure)).not.toContain('secret');
  });
});
