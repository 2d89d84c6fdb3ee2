using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace Spoco.Engine.Data;

/// <summary>
/// Prepares batches on threads of its own while the trainer works on earlier ones. Thread t of n prepares every n-th iteration; the batches come in order
/// and, since each depends on its iteration only, with the same content whatever the timing and the number of threads.
/// </summary>
internal sealed class BatchPrefetcher : IDisposable
{
    private readonly long _from;
    private readonly long _until;
    private readonly Lane[] _lanes;
    private readonly CancellationTokenSource _stop = new();
    private long _next;
    private Lane? _lender;
    private TrainingBatch? _lent;
    private bool _disposed;

    /// <summary>Starts preparing the iterations <paramref name="from"/> .. <paramref name="until"/> - 1.</summary>
    /// <param name="sampler">Makes the sampler of a thread.</param>
    /// <param name="from">The first iteration.</param>
    /// <param name="until">One past the last iteration.</param>
    /// <param name="threads">Threads.</param>
    /// <param name="buffers">Batches per thread: the one being filled and those that wait.</param>
    public BatchPrefetcher(Func<PatchSampler> sampler, long from, long until, int threads = 1, int buffers = 2)
        : this([.. Enumerable.Range(0, threads).Select(_ => new Lane(sampler(), buffers))], from, until)
    {
    }

    /// <summary>Starts preparing batches by any function, on one thread.</summary>
    internal BatchPrefetcher(Action<long, TrainingBatch> fill, Func<TrainingBatch> allocate, long from, long until, int buffers = 2)
        : this([new Lane(fill, allocate, buffers)], from, until)
    {
    }

    private BatchPrefetcher(Lane[] lanes, long from, long until)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(lanes.Length, 1);
        (_lanes, _from, _next, _until) = (lanes, from, from, until);
        for (var i = 0; i < lanes.Length; i++)
            lanes[i].Start(from + i, until, lanes.Length, _stop.Token);
    }

    /// <summary>Mean time that a thread has taken for a batch.</summary>
    public TimeSpan FillTime => _lanes.Sum(lane => lane.Filled) is var filled and > 0
        ? TimeSpan.FromTicks(_lanes.Sum(lane => lane.FillTicks) / filled) : TimeSpan.Zero;

    /// <summary>How long <see cref="Take"/> has waited in all.</summary>
    public TimeSpan WaitTime { get; private set; }

    /// <summary>The next iteration's batch, valid until the next call. Waits where it is not ready yet.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="InvalidOperationException">All iterations have been taken.</exception>
    public TrainingBatch Take(CancellationToken cancellation = default)
    {
        TakeBack();
        if (_next >= _until)
            throw new InvalidOperationException($"Batches: iteration {_until} and later were not asked for.");
        _lender = _lanes[(_next - _from) % _lanes.Length];
        var start = Stopwatch.GetTimestamp();
        _lent = _lender.Take(cancellation);
        WaitTime += Stopwatch.GetElapsedTime(start);
        _next++;
        return _lent;
    }

    /// <summary>The next iteration's batch, as <see cref="Take"/> gives it; null where it is not ready yet, and behind the last one. The one before may be filled again either way.</summary>
    public TrainingBatch? TryTake()
    {
        TakeBack();
        if (_next >= _until)
            return null;
        _lender = _lanes[(_next - _from) % _lanes.Length];
        _lent = _lender.TryTake();
        _next += _lent is null ? 0 : 1;
        return _lent;
    }

    /// <summary>Stops the threads after the batches they are at.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _stop.Cancel();
        foreach (var lane in _lanes)
            lane.Dispose();
        _stop.Dispose();
    }

    private void TakeBack()
    {
        if (_lent is not null)
            _lender!.Return(_lent);
        _lent = null;
    }

    /// <summary>One thread and its batches.</summary>
    private sealed class Lane : IDisposable
    {
        private readonly Action<long, TrainingBatch> _fill;
        private readonly BlockingCollection<TrainingBatch> _empty;
        private readonly BlockingCollection<TrainingBatch> _ready;
        private Thread? _thread;
        private ExceptionDispatchInfo? _failure;
        private long _filled;
        private long _fillTicks;

        public Lane(PatchSampler sampler, int buffers)
            : this(sampler.Fill, sampler.NewBatch, buffers)
        {
        }

        public Lane(Action<long, TrainingBatch> fill, Func<TrainingBatch> allocate, int buffers)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(buffers, 2);
            _fill = fill;
            _empty = new BlockingCollection<TrainingBatch>(buffers);
            _ready = new BlockingCollection<TrainingBatch>(buffers);
            for (var i = 0; i < buffers; i++)
                _empty.Add(allocate());
        }

        public long Filled => Interlocked.Read(ref _filled);

        public long FillTicks => Interlocked.Read(ref _fillTicks);

        public void Start(long from, long until, int step, CancellationToken stop)
        {
            _thread = new Thread(() => Prepare(from, until, step, stop)) { IsBackground = true, Name = "Spoco batches", Priority = ThreadPriority.BelowNormal };
            _thread.Start();
        }

        public void Return(TrainingBatch batch) => _empty.Add(batch);

        public TrainingBatch? TryTake() => _ready.TryTake(out var batch) ? batch : null;

        public TrainingBatch Take(CancellationToken cancellation)
        {
            if (_ready.TryTake(out var batch, Timeout.Infinite, cancellation))
                return batch;
            _failure?.Throw();
            throw new InvalidOperationException("Batches: the thread that prepares them has ended.");
        }

        public void Dispose()
        {
            _thread?.Join();
            _empty.Dispose();
            _ready.Dispose();
        }

        private void Prepare(long from, long until, int step, CancellationToken stop)
        {
            try
            {
                for (var iteration = from; iteration < until; iteration += step)
                {
                    var batch = _empty.Take(stop);
                    var start = Stopwatch.GetTimestamp();
                    _fill(iteration, batch);
                    batch.SortLabels();
                    Interlocked.Add(ref _fillTicks, Stopwatch.GetElapsedTime(start).Ticks);
                    Interlocked.Increment(ref _filled);
                    _ready.Add(batch, stop);
                }
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
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
}
