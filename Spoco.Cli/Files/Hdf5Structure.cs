using System.Buffers.Binary;
using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>Finds an HDF5 file's superblock and compares the end it states with the file's length, which tells a copy that was cut off.</summary>
internal static class Hdf5Structure
{
    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'H', (byte)'D', (byte)'F', 0x0D, 0x0A, 0x1A, 0x0A];

    public static long Find(string path, Stream stream)
    {
        var bytes = new byte[96];
        // The superblock is at byte 0 or, after a user block, at 512, 1024, 2048, ...
        for (long at = 0; at < stream.Length; at = at == 0 ? 512 : 2 * at)
        {
            stream.Position = at;
            var read = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (!bytes.AsSpan(0, read).StartsWith(Signature))
                continue;
            var version = bytes[8];
            // Versions 0 and 1: sizes at 13 and 14, then 24 or 28 bytes to the addresses base, free space, end of file.
            // Versions 2 and 3: sizes at 9 and 10, addresses base, extension, end of file from byte 12.
            var (offsetSize, addresses) = version switch
            {
                0 => (bytes[13], 24),
                1 => (bytes[13], 28),
                2 or 3 => (bytes[9], 12),
                _ => throw new InputException($"{path}: HDF5 superblock of unknown version {version}."),
            };
            if (offsetSize is not (4 or 8) || read < addresses + 3 * offsetSize)
                throw new InputException($"{path}: HDF5 file is damaged or cut off after {stream.Length} bytes.");
            var end = offsetSize == 8
                ? BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(addresses + 16))
                : BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(addresses + 8));
            // Whether the end counts from the user block or from byte 0 differs between writers; the smaller demand is made.
            if (end > (ulong)stream.Length)
                throw new InputException($"{path}: HDF5 file is cut off: {end} bytes stated, {stream.Length} there.");
            return at;
        }
        throw FileSignature.Not(path, "an HDF5 file");
    }
}
