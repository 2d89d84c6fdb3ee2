using System.Buffers.Binary;
using System.Numerics;

namespace Spoco.Engine;

/// <summary>
/// 64 bits that tell whether contents have changed, however they are cut into pieces. Every step is a bijection of the state for a given word and of
/// the word for a given state: contents that differ in one word never have the same hash. It guards against damage, not against forgery.
/// </summary>
public sealed class ContentHash
{
    private const ulong First = 0x9E3779B185EBCA87, Second = 0xC2B2AE3D27D4EB4F;

    private readonly byte[] _begun = new byte[sizeof(ulong)];
    private ulong _state;
    private ulong _length;

    /// <summary>The hash of everything that was added.</summary>
    public ulong Value
    {
        get
        {
            var begun = (int)(_length % sizeof(ulong));
            Span<byte> last = stackalloc byte[sizeof(ulong)];
            _begun.AsSpan(0, begun).CopyTo(last);
            var value = Mixed(Mixed(_state, BinaryPrimitives.ReadUInt64LittleEndian(last)), _length);
            return value ^ (value >> 32);
        }
    }

    /// <summary>Takes further bytes.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        var begun = (int)(_length % sizeof(ulong));
        _length += (ulong)bytes.Length;
        if (begun > 0)
        {
            var taken = Math.Min(bytes.Length, sizeof(ulong) - begun);
            bytes[..taken].CopyTo(_begun.AsSpan(begun));
            bytes = bytes[taken..];
            if (begun + taken < sizeof(ulong))
                return;
            _state = Mixed(_state, BinaryPrimitives.ReadUInt64LittleEndian(_begun));
        }

        var state = _state;
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            state = Mixed(state, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        _state = state;
        bytes.CopyTo(_begun);
    }

    private static ulong Mixed(ulong state, ulong word) => BitOperations.RotateLeft((state ^ word) * First, 31) * Second;
}
