namespace Spoco.Engine.Training;

/// <summary>How the learning rate changes.</summary>
public enum ScheduleKind
{
    /// <summary>Never.</summary>
    Constant,

    /// <summary>From the start value to 0 along half a cosine, every iteration. Loshchilov and Hutter 2017, arXiv 1608.03983.</summary>
    Cosine,

    /// <summary>Times a factor when the validation loss has not improved for a number of validations.</summary>
    ReduceOnPlateau,

    /// <summary>Times 0.1 at every milestone.</summary>
    MultiStep,
}

/// <summary>Choices of a <see cref="LearningRateSchedule"/>.</summary>
public sealed record ScheduleOptions
{
    /// <summary>The kind of schedule.</summary>
    public ScheduleKind Kind { get; init; } = ScheduleKind.Cosine;

    /// <summary>The rate that training starts with.</summary>
    public double LearningRate { get; init; } = 2e-4;

    /// <summary>Iterations of the whole training: the length of the cosine.</summary>
    public long Iterations { get; init; } = 1;

    /// <summary>Iterations over which the rate first rises linearly from 0; steadies batch norm networks at high rates.</summary>
    public long WarmUp { get; init; }

    /// <summary>Multi-step: fractions of the whole training at which the rate falls.</summary>
    public IReadOnlyList<double> Milestones { get; init; } = [0.5, 0.75];

    /// <summary>Plateau: what the rate is multiplied by.</summary>
    public double Factor { get; init; } = 0.2;

    /// <summary>Plateau: validations without improvement before the rate falls.</summary>
    public int Patience { get; init; } = 10;

    /// <summary>Plateau: training is over when the rate falls below this.</summary>
    public double Minimum { get; init; } = 1e-6;
}

/// <summary>What a schedule remembers; stored in checkpoints.</summary>
/// <param name="PlateauRate">Rate after the reductions so far.</param>
/// <param name="BestLoss">Lowest validation loss so far.</param>
/// <param name="Waiting">Validations since then.</param>
internal readonly record struct ScheduleState(double PlateauRate, double BestLoss, int Waiting);

/// <summary>The learning rate of every iteration.</summary>
internal sealed class LearningRateSchedule
{
    // PyTorch's ReduceLROnPlateau counts as improvement only what is 1e-4 (relative) better.
    private const double Improvement = 1e-4;

    private readonly ScheduleOptions _options;

    /// <summary>Starts a schedule.</summary>
    /// <exception cref="ArgumentException">A choice is out of range.</exception>
    public LearningRateSchedule(ScheduleOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!(options.LearningRate > 0) || !double.IsFinite(options.LearningRate))
            throw new ArgumentException($"LearningRateSchedule: the learning rate must be positive, got {options.LearningRate}.");
        if (options.Iterations < 1)
            throw new ArgumentException($"LearningRateSchedule: at least 1 iteration is needed, got {options.Iterations}.");
        if (options.Factor is not (> 0 and < 1) || options.Patience < 0)
            throw new ArgumentException($"LearningRateSchedule: factor must be in (0, 1) and patience at least 0, got {options.Factor} and {options.Patience}.");
        if (options.Milestones.Any(m => m is not (> 0 and <= 1)))
            throw new ArgumentException($"LearningRateSchedule: milestones must be in (0, 1], got {string.Join(", ", options.Milestones)}.");
        _options = options;
        State = new ScheduleState(options.LearningRate, double.PositiveInfinity, 0);
    }

    /// <summary>What has been seen so far; set it to continue an interrupted training.</summary>
    public ScheduleState State { get; set; }

    /// <summary>Whether a plateau schedule has reduced the rate below its minimum.</summary>
    public bool IsOver => _options.Kind == ScheduleKind.ReduceOnPlateau && State.PlateauRate < _options.Minimum;

    /// <summary>The rate of iteration <paramref name="iteration"/>, counted from 0.</summary>
    public double Rate(long iteration)
    {
        var rate = _options.Kind switch
        {
            ScheduleKind.Cosine => CosineRate(_options.LearningRate, Math.Min(iteration, _options.Iterations), _options.Iterations),
            ScheduleKind.ReduceOnPlateau => State.PlateauRate,
            ScheduleKind.MultiStep => MultiStepRate(_options.LearningRate, iteration, _options.Iterations, _options.Milestones.ToArray()),
            _ => _options.LearningRate,
        };
        return iteration < _options.WarmUp ? rate * (iteration + 1) / (_options.WarmUp + 1) : rate;
    }

    /// <summary>rate (1 + cos(pi position / length)) / 2.</summary>
    public static double CosineRate(double rate, double position, double length) => rate * (1 + Math.Cos(Math.PI * position / length)) / 2;

    /// <summary>The rate times 0.1 for every milestone (a fraction of <paramref name="length"/>, rounded down) that <paramref name="position"/> has reached.</summary>
    public static double MultiStepRate(double rate, double position, double length, ReadOnlySpan<double> milestones)
    {
        foreach (var milestone in milestones)
        {
            if (position >= Math.Floor(length * milestone))
                rate *= 0.1;
        }

        return rate;
    }

    /// <summary>Tells a plateau schedule the loss of a validation.</summary>
    public void Observe(double validationLoss)
    {
        var state = State;
        if (validationLoss < state.BestLoss * (1 - Improvement))
            state = state with { BestLoss = validationLoss, Waiting = 0 };
        else if (state.Waiting >= _options.Patience)
            state = state with { PlateauRate = state.PlateauRate * _options.Factor, Waiting = 0 };
        else
            state = state with { Waiting = state.Waiting + 1 };
        State = state;
    }
}
