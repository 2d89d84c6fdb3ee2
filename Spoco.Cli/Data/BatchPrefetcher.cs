using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Spoco.Engine.Training;

namespace Spoco.Cli.Data;

/// <summary>
/// Prepares batches on a background thread while the trainer works on the previous one. The batches come in order and, since each depends on its
/// iteration only, with the same content whatever the timing.
/// </summary>
internal sealed class BatchPrefetcher : IDisposable
{
    private readonly Action<long, TrainingBatch> _fill;
    private readonly long _until;
    private readonly BlockingCollection<TrainingBatch> _empty;
    private readonly BlockingCollection<TrainingBatch> _ready;
    private readonly CancellationTokenSource _stop = new();
    private readonly Thread _thread;
    private ExceptionDispatchInfo? _failure;
    private TrainingBatch? _lent;

    /// <summary>Starts preparing the iterations <paramref name="from"/> .. <paramref name="until"/> - 1.</summary>
    /// <param name="sampler">Used by the background thread alone from here on.</param>
    /// <param name="from">The first iteration.</param>
    /// <param name="until">One past the last iteration.</param>
    /// <param name="buffers">Batches in memory: the one in use and those prepared ahead.</param>
    public BatchPrefetcher(PatchSampler sampler, long from, long until, int buffers = 2)
        : this(sampler.Fill, sampler.NewBatch, from, until, buffers)
    {
    }

    /// <summary>Starts preparing batches by any function.</summary>
    internal BatchPrefetcher(Action<long, TrainingBatch> fill, Func<TrainingBatch> allocate, long from, long until, int buffers = 2)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(buffers, 2);
        (_fill, _until) = (fill, until);
        _empty = new BlockingCollection<TrainingBatch>(buffers);
        _ready = new BlockingCollection<TrainingBatch>(buffers);
        for (var i = 0; i < buffers; i++)
            _empty.Add(allocate());
        _thread = new Thread(() => Prepare(from)) { IsBackground = true, Name = "Spoco batches", Priority = ThreadPriority.BelowNormal };
        _thread.Start();
    }

    /// <summary>The next iteration's batch, valid until the next call. Waits where it is not ready yet.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="InvalidOperationException">All iterations have been taken.</exception>
    public TrainingBatch Take(CancellationToken cancellation = default)
    {
        if (_lent is not null)
            _empty.Add(_lent, cancellation);
        _lent = null;
        if (_ready.TryTake(out var batch, Timeout.Infinite, cancellation))
            return _lent = batch;
        _failure?.Throw();
        throw new InvalidOperationException($"Batches: iteration {_until} and later were not asked for.");
    }

    /// <summary>Stops the background thread after the batch it is at.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        _thread.Join();
        _stop.Dispose();
        _empty.Dispose();
        _ready.Dispose();
    }

    private void Prepare(long from)
    {
        try
        {
            for (var iteration = from; iteration < _until; iteration++)
            {
                var batch = _empty.Take(_stop.Token);
                _fill(iteration, batch);
                _ready.Add(batch, _stop.Token);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Disposed: nobody waits.
        }
#pragma warning disable CA1031 // Whatever is thrown here belongs to the caller of Take.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _failure = ExceptionDispatchInfo.Capture(e);
        }
        finally
        {
            _ready.CompleteAdding();
        }
    }
}
