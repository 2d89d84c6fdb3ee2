using Spoco.Engine.Losses;

namespace Spoco.Engine.Training;

/// <summary>Margins and weights of the loss; see <see cref="SpocoLossOptions"/> for the terms.</summary>
public sealed record LossSettings
{
    /// <summary>delta_v: distance from the mean at which pull ends.</summary>
    public double PullMargin { get; init; } = 0.5;

    /// <summary>delta_d: half the distance of two means at which push ends.</summary>
    public double PushMargin { get; init; } = 2;

    /// <summary>alpha: weight of L_pull.</summary>
    public double PullWeight { get; init; } = 1;

    /// <summary>beta: weight of L_push.</summary>
    public double PushWeight { get; init; } = 1;

    /// <summary>gamma: weight of L_reg.</summary>
    public double RegulariserWeight { get; init; } = 0.001;

    /// <summary>lambda: weight of L_obj; 0 turns it off.</summary>
    public double InstanceWeight { get; init; } = 1;

    /// <summary>What L_obj is.</summary>
    public InstanceLoss InstanceLoss { get; init; } = InstanceLoss.Dice;

    /// <summary>t: value of the soft mask at distance delta_v. The paper's best (A.7); its reference's command line has 0.5.</summary>
    public double KernelThreshold { get; init; } = 0.9;

    /// <summary>Weight of L_Upush (sparse supervision); 0 turns it off.</summary>
    public double UnlabelledPushWeight { get; init; } = 1;

    /// <summary>Weight of L_Ucon. Null = 1 with sparse supervision, 0 with full, where the paper's L_SO has no such term.</summary>
    public double? ConsistencyWeight { get; init; }

    /// <summary>Weight of the loss of the foreground channel.</summary>
    public double ForegroundWeight { get; init; } = 1;

    /// <summary>Full supervision: largest weight in it of pixels in and around small objects.</summary>
    public double ForegroundBalance { get; init; } = 5;

    /// <summary>Sparse supervision: weight in it of the outlines of labelled objects.</summary>
    public double ForegroundOutline { get; init; } = 3;

    /// <summary>Sparse supervision: weight in it of the agreement of f and g on unlabelled pixels.</summary>
    public double ForegroundAgreement { get; init; } = 1;

    /// <summary>Sparse supervision: the share of the pixels that belong to objects; null = estimated.</summary>
    public double? ForegroundShare { get; init; }
}
