using Spoco.Kernels;

namespace Spoco.Engine.Training;

/// <summary>How long a training lasts, how fast it learns, how g follows f, and how exactly its convolutions multiply.</summary>
public sealed record OptimiserSettings
{
    /// <summary>Training steps.</summary>
    public int Iterations { get; init; } = 6000;

    /// <summary>Start value of the learning rate.</summary>
    public double LearningRate { get; init; } = 1.5e-3;

    /// <summary>How the learning rate changes.</summary>
    public ScheduleKind Schedule { get; init; } = ScheduleKind.Cosine;

    /// <summary>Plateau schedule: validations without improvement before the rate falls.</summary>
    public int Patience { get; init; } = 10;

    /// <summary>Multi-step schedule: fractions of the training.</summary>
    public double[] Milestones { get; init; } = [0.5, 0.75];

    /// <summary>Added to the gradient, times the weight.</summary>
    public double WeightDecay { get; init; } = 1e-5;

    /// <summary>Adam's decay of the first moment. Null = 0.9, or 0.5 with a critic (A.1).</summary>
    public double? Beta1 { get; init; }

    /// <summary>Adam's decay of the second moment. Null = 0.999, or 0.9 with a critic (A.1).</summary>
    public double? Beta2 { get; init; }

    /// <summary>What L_Ucon compares f with.</summary>
    public GNetwork GNetwork { get; init; } = GNetwork.Momentum;

    /// <summary>m of the momentum update of g.</summary>
    public double Momentum { get; init; } = 0.999;

    /// <summary>How the factors of convolutions are rounded. Null = TF32 on devices that round them (<see cref="Capabilities.RoundsFactors"/>), else single precision.</summary>
    public Precision? Precision { get; init; }

    /// <summary>The precision with its default filled in.</summary>
    public Precision PrecisionOn(ComputeDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return PrecisionOn(device.Capabilities);
    }

    internal Precision PrecisionOn(in Capabilities device) => Precision ?? (device.RoundsFactors ? Kernels.Precision.TF32 : Kernels.Precision.F32);
}
