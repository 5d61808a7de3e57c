import { crc32, deflateRawSync } from 'node:zlib';

type ZipEntry = {
  path: string;
  content?: string | Buffer;
  /** Unix mode, such as `0o120777` for a symbolic link. */
  mode?: number;
  encrypted?: boolean;
  /** The size that the archive states, if it is not the true one. */
  statedSize?: number;
};

/** A zip archive, also one that no archive program makes. */
export function zipOf(...entries: ZipEntry[]): Buffer {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const { path, content = '', mode = 0o100644, encrypted = false, statedSize } of entries) {
    const [name, plain] = [Buffer.from(path), Buffer.from(content)];
    const packed = deflateRawSync(plain);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(encrypted ? 0x801 : 0x800, 2);
    common.writeUInt16LE(8, 4);
    common.writeUInt32LE(crc32(plain), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(statedSize ?? plain.length, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, name, packed]);
    const header = Buffer.alloc(46);
    header.write('PK\x01\x02');
    header.writeUInt16LE((3 << 8) | 20, 4);
    common.copy(header, 6);
    header.writeUInt32LE((mode << 16) >>> 0, 38);
    header.writeUInt32LE(offset, 42);
    locals.push(local);
    central.push(header, name);
    offset += local.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}
