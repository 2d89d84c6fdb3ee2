namespace Spoco.Tests.Interleavings;

/// <summary>Chooses which thread makes the next access.</summary>
internal abstract class Schedule(Random random)
{
    protected Random Random { get; } = random;

    /// <summary>One of several kinds of schedule, drawn at random.</summary>
    public static Schedule Draw(Random random) => random.Next(4) switch
    {
        0 => new Shuffled(random),
        1 => new Priorities(random, changes: random.Next(1, 5)),
        2 => new Sleepers(random, 0.5),
        _ => new Sleepers(random, 0.03),
    };

    /// <summary>Starts a launch of so many threads.</summary>
    public abstract void Begin(int threads);

    /// <summary>One of the threads that are ready.</summary>
    /// <param name="ready">Their numbers, at least one.</param>
    public abstract int Next(List<int> ready);

    /// <summary>Any thread, every time.</summary>
    private sealed class Shuffled(Random random) : Schedule(random)
    {
        public override void Begin(int threads)
        {
        }

        public override int Next(List<int> ready) => ready[Random.Next(ready.Count)];
    }

    /// <summary>
    /// The thread of the highest priority, until at a few accesses drawn beforehand the running one falls behind all others: finds faults that need so few
    /// changes with a known probability (Burckhardt and others, "A randomized scheduler with probabilistic guarantees of finding bugs", ASPLOS 2010).
    /// </summary>
    private sealed class Priorities(Random random, int changes) : Schedule(random)
    {
        private readonly HashSet<int> _changes = [];
        private int[] _priorities = [];
        private int _lowest;
        private int _step;

        public override void Begin(int threads)
        {
            _priorities = [.. Enumerable.Range(0, threads)];
            Random.Shuffle(_priorities);
            (_lowest, _step) = (0, 0);
            _changes.Clear();
            for (var i = 0; i < changes; i++)
                _changes.Add(Random.Next(threads * 12));
        }

        public override int Next(List<int> ready)
        {
            var chosen = ready.MaxBy(thread => _priorities[thread]);
            if (_changes.Contains(_step++))
                _priorities[chosen] = --_lowest;
            return chosen;
        }
    }

    /// <summary>Threads fall asleep before an access, and sleep across everything that the others do; then one wakes up.</summary>
    private sealed class Sleepers(Random random, double drowsiness) : Schedule(random)
    {
        private bool[] _asleep = [];
        private int _current;

        public override void Begin(int threads) => (_asleep, _current) = (new bool[threads], -1);

        public override int Next(List<int> ready)
        {
            if (_current >= 0 && Random.NextDouble() < drowsiness)
                (_asleep[_current], _current) = (true, -1);
            if (_current >= 0 && ready.Contains(_current))
                return _current;
            var awake = ready.FindAll(thread => !_asleep[thread]);
            _current = awake.Count > 0 ? awake[Random.Next(awake.Count)] : ready[Random.Next(ready.Count)];
            _asleep[_current] = false;
            return _current;
        }
    }
}
