using System.Runtime.CompilerServices;

namespace Spoco.Cli.Files;

/// <summary>
/// A file read by a library that follows addresses found in it. A read past the end, more reads than a sound file of this length needs
/// (a loop of addresses), or a recursion about to exhaust the stack end in an exception.
/// </summary>
internal sealed class GuardedStream(Stream inner) : Stream
{
    private long _readsLeft = 100_000 + 16 * inner.Length;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => inner.Length;

    public override long Position
    {
        get => inner.Position;
        set => inner.Position = value;
    }

    public override int Read(Span<byte> buffer)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        if (--_readsLeft < 0)
            throw new InvalidDataException("its addresses form a loop");
        var read = inner.Read(buffer);
        return read > 0 || buffer.Length == 0 ? read : throw new EndOfStreamException($"cut off after {inner.Length} bytes");
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override long Seek(long offset, SeekOrigin origin) => inner.Seek(offset, origin);

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
