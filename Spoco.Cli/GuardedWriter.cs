using System.Text;

namespace Spoco.Cli;

/// <summary>
/// A stream of the program whose other end may be gone: closed, a full disk, a terminal that was hung up. What then happens is decided in one place,
/// instead of ending whatever was about to say something.
/// </summary>
/// <param name="inner">The stream.</param>
/// <param name="failed">Told what went wrong; where it returns, the text is lost and the work goes on.</param>
internal sealed class GuardedWriter(TextWriter inner, Action<Exception> failed) : TextWriter(inner.FormatProvider)
{
    public override Encoding Encoding => inner.Encoding;

    public override void Write(char value) => Try(() => inner.Write(value));

    public override void Write(char[] buffer, int index, int count) => Try(() => inner.Write(buffer, index, count));

    public override void Write(string? value) => Try(() => inner.Write(value));

    public override void WriteLine(string? value) => Try(() => inner.WriteLine(value));

    public override void Flush() => Try(inner.Flush);

    private void Try(Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            failed(e);
        }
    }
}
