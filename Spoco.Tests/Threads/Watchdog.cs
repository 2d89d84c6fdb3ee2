using System.Diagnostics;

namespace Spoco.Tests.Threads;

/// <summary>
/// Watches what runs for signs of life and acts when there is none for too long. A thread of its own waits: one of the pool might never come where
/// every thread of the pool hangs.
/// </summary>
internal sealed class Watchdog : IDisposable
{
    private readonly Lock _lock = new();
    private readonly ManualResetEventSlim _stop = new();
    private readonly Action<string> _bark;
    private readonly Thread _thread;
    private string _name = "";
    private string _note = "";
    private TimeSpan? _limit;
    private long _begin;
    private long _sign;

    /// <summary>Starts watching; nothing runs yet.</summary>
    /// <param name="bark">What to do with the report of something that hangs.</param>
    /// <param name="period">How often to look.</param>
    public Watchdog(Action<string> bark, TimeSpan period)
    {
        _bark = bark;
        _thread = new Thread(() => Watch(period)) { IsBackground = true, Name = "Watchdog", Priority = ThreadPriority.AboveNormal };
        _thread.Start();
    }

    /// <summary>Something begins to run.</summary>
    /// <param name="name">What the report calls it.</param>
    /// <param name="limit">How long it may take, or be silent.</param>
    public void Begin(string name, TimeSpan limit)
    {
        lock (_lock)
        {
            (_name, _note, _limit) = (name, "", limit);
            _begin = _sign = Stopwatch.GetTimestamp();
        }
    }

    /// <summary>A sign of life: the limit counts anew.</summary>
    /// <param name="note">How far it is, for the report.</param>
    public void Note(string note)
    {
        lock (_lock)
            (_note, _sign) = (note, Stopwatch.GetTimestamp());
    }

    /// <summary>It has ended.</summary>
    public void End()
    {
        lock (_lock)
            _limit = null;
    }

    public void Dispose()
    {
        _stop.Set();
        _thread.Join();
        _stop.Dispose();
    }

    private void Watch(TimeSpan period)
    {
        while (!_stop.Wait(period))
        {
            if (Report() is { } report)
                _bark(report);
        }
    }

    private string? Report()
    {
        lock (_lock)
        {
            if (_limit is not { } limit || Stopwatch.GetElapsedTime(_sign) < limit || Debugger.IsAttached)
                return null;
            _limit = null;
            var note = _note.Length > 0 ? $", last heard of at: {_note}" : "";
            return $"{_name} hangs: it has run for {Stopwatch.GetElapsedTime(_begin).TotalSeconds:0} s, "
                + $"and for {limit.TotalSeconds:0} s nothing was heard of it{note}.";
        }
    }
}
