using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Spoco.Engine;

/// <summary>
/// The first 64 bits of SHA-256, which tell whether contents have changed, however they are cut into pieces. It guards against damage; whoever wants to change
/// a file can write its checksum, too.
/// </summary>
internal sealed class ContentHash : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>The hash of everything that was added.</summary>
    public ulong Value => BinaryPrimitives.ReadUInt64LittleEndian(_hash.GetCurrentHash());

    /// <summary>Takes further bytes.</summary>
    public void Add(ReadOnlySpan<byte> bytes) => _hash.AppendData(bytes);

    /// <inheritdoc/>
    public void Dispose() => _hash.Dispose();
}
