using System.Runtime.InteropServices;

namespace Spoco.Cli;

/// <summary>Turns the first Ctrl-C or SIGTERM into a cancellation, so that work ends cleanly; a second Ctrl-C ends the process at once.</summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration _interrupt;
    private readonly PosixSignalRegistration _terminate;

    public Interruption()
    {
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle);
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle);
    }

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        _interrupt.Dispose();
        _terminate.Dispose();
        _source.Dispose();
    }

    /// <summary>What a signal does. The system calls it on a thread of its own.</summary>
    internal void Handle(PosixSignalContext context)
    {
        if (_source.IsCancellationRequested)
            return;
        try
        {
            _source.Cancel();
            context.Cancel = true;
        }
        catch (ObjectDisposedException)
        {
            // A registration ends without waiting for a handler that has begun: the program is over, and the signal keeps its own effect.
        }
    }
}
