namespace Spoco.Kernels.Primitives;

/// <summary>
/// Lets seeds walk: each to the mean of the points in its ball, until it stands still. All go one step at a time, and where one goes depends on where it is alone: means that several come to,
/// at whatever step, are looked up the second time.
/// </summary>
internal sealed class SeedWalk
{
    private const int Unknown = -1;
    private const int Nowhere = -2;

    /// <summary>Means that are kept per seed, beside those where seeds are.</summary>
    private const int KeptPerSeed = 8;

    private readonly MeanShiftProblem _problem;
    private readonly IBallMeans _balls;
    private readonly MeanTable _means;
    private readonly List<Step> _steps = [];
    private readonly List<int> _asked = [];
    private readonly Walker[] _walkers;
    private double[] _centres;
    private double[] _next;
    private int[] _counts;

    /// <summary>A walk of at most so many seeds at a time.</summary>
    public SeedWalk(in MeanShiftProblem problem, IBallMeans balls, int seeds)
    {
        (_problem, _balls) = (problem, balls);
        _means = new MeanTable(problem.Dimensions);
        _walkers = new Walker[seeds];
        _centres = new double[seeds * problem.Dimensions];
        _next = new double[seeds * problem.Dimensions];
        _counts = new int[seeds];
    }

    /// <summary>Walks with some seeds.</summary>
    /// <param name="seeds">[seeds, d].</param>
    /// <param name="order">Numbers of those that walk.</param>
    /// <param name="ends">Receives where they end; those whose ball is empty end nowhere.</param>
    /// <param name="cancellation">Looked at before each step.</param>
    public void Run(ReadOnlySpan<float> seeds, ReadOnlySpan<int> order, MeanShiftEnds ends, CancellationToken cancellation)
    {
        Forget();
        var walking = 0;
        foreach (var seed in order)
            walking += Begin(seeds.Slice(seed * _problem.Dimensions, _problem.Dimensions), seed, walking);
        while (walking > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            if (_means.Count > KeptPerSeed * _walkers.Length)
                KeepPresent(walking);
            Ask(walking);
            var left = 0;
            for (var w = 0; w < walking; w++)
            {
                if (Advance(ref _walkers[w], ends))
                    _walkers[left++] = _walkers[w];
            }

            walking = left;
        }
    }

    private int Begin(ReadOnlySpan<float> seed, int number, int walker)
    {
        Span<double> at = stackalloc double[seed.Length];
        for (var c = 0; c < seed.Length; c++)
        {
            // A cell beyond the largest number: its ball is empty.
            if (!float.IsFinite(seed[c]))
                return 0;
            // + 0 turns -0 into 0.
            at[c] = seed[c] + 0.0;
        }

        _walkers[walker] = new Walker(number, NumberOf(at), 0);
        return 1;
    }

    private int NumberOf(ReadOnlySpan<double> mean)
    {
        var number = _means.NumberOf(mean);
        if (number == _steps.Count)
            _steps.Add(new Step(Unknown, 0, false, -1));
        return number;
    }

    private void Forget()
    {
        _means.Clear();
        _steps.Clear();
    }

    /// <summary>Forgets the means where nobody is.</summary>
    private void KeepPresent(int walking)
    {
        for (var w = 0; w < walking; w++)
            _means[_walkers[w].At].CopyTo(_centres.AsSpan(w * _problem.Dimensions));
        Forget();
        for (var w = 0; w < walking; w++)
            _walkers[w].At = NumberOf(_centres.AsSpan(w * _problem.Dimensions, _problem.Dimensions));
    }

    /// <summary>Finds the next means of all where a seed is: nobody is where it is known.</summary>
    private void Ask(int walking)
    {
        var d = _problem.Dimensions;
        _asked.Clear();
        for (var w = 0; w < walking; w++)
        {
            var at = _walkers[w].At;
            if (_steps[at].To != Unknown)
                continue;
            _means[at].CopyTo(_centres.AsSpan(_asked.Count * d));
            _steps[at] = _steps[at] with { To = Nowhere };
            _asked.Add(at);
        }

        var count = _asked.Count;
        _balls.Of(_centres.AsSpan(0, count * d), _next.AsSpan(0, count * d), _counts.AsSpan(0, count));
        for (var i = 0; i < count; i++)
        {
            if (_counts[i] == 0)
                continue;
            var from = _means[_asked[i]];
            var to = _next.AsSpan(i * d, d);
            var square = 0.0;
            for (var c = 0; c < d; c++)
                square += (to[c] - from[c]) * (to[c] - from[c]);
            _steps[_asked[i]] = _steps[_asked[i]] with { Count = _counts[i], StandsStill = Math.Sqrt(square) <= _problem.StandStill, To = NumberOf(to) };
        }
    }

    /// <summary>Goes as far as is known; returns whether the seed goes on.</summary>
    private bool Advance(ref Walker walker, MeanShiftEnds ends)
    {
        while (_steps[walker.At] is var step && step.To != Unknown)
        {
            if (step.To == Nowhere)
                return false;
            if (step.StandsStill || walker.Shifts == _problem.MaxIterations)
            {
                End(step.To, step.Count, walker.Seed, ends);
                return false;
            }

            walker = walker with { At = step.To, Shifts = walker.Shifts + 1 };
        }

        return true;
    }

    private void End(int mean, int count, int seed, MeanShiftEnds ends)
    {
        var end = _steps[mean].End;
        if (end >= 0)
            ends.Meet(end, count, seed);
        else
            _steps[mean] = _steps[mean] with { End = ends.Add(_means[mean], count, seed) };
    }

    /// <summary>What is known of a mean.</summary>
    /// <param name="To">The mean of the points in its ball; unknown, or nowhere where it is empty.</param>
    /// <param name="Count">Points in its ball.</param>
    /// <param name="StandsStill">Whether that mean is as near as to end there.</param>
    /// <param name="End">Number among the ends; -1 = none ended here.</param>
    private readonly record struct Step(int To, int Count, bool StandsStill, int End);

    private record struct Walker(int Seed, int At, int Shifts);
}
