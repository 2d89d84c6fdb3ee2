using Spoco.Kernels;

namespace Spoco.Engine.Networks;

/// <summary>Architecture of a <see cref="Critic"/>. Defaults: Table 4 of the paper.</summary>
public sealed record CriticOptions
{
    /// <summary>2 or 3.</summary>
    public int Dimensions { get; init; } = 2;

    /// <summary>Extents of the masks it judges: [any N, D, H, W, 1]; D = 1 in 2D. The dense layer fits no others.</summary>
    public TensorShape Patch { get; init; } = new(1, 1, 128, 128, 1);

    /// <summary>Channels of each block.</summary>
    public IReadOnlyList<int> FeatureMaps { get; init; } = [64, 128, 256, 512];

    /// <summary>Slope of LeakyReLU below 0.</summary>
    public float Slope { get; init; } = 0.01f;

    /// <summary>Max pooling of every block.</summary>
    internal (int D, int H, int W) Window => (Dimensions == 3 ? 2 : 1, 2, 2);

    /// <summary>Extents that reach the dense layer.</summary>
    internal TensorShape Coarsest
    {
        get
        {
            var (d, h, w) = (Patch.D, Patch.H, Patch.W);
            foreach (var _ in FeatureMaps)
                (d, h, w) = (d / Window.D, h / Window.H, w / Window.W);
            return new TensorShape(1, d, h, w, FeatureMaps[^1]);
        }
    }

    /// <summary>Checks every rule.</summary>
    /// <exception cref="ArgumentException">A rule is broken; the message names it.</exception>
    public void Validate()
    {
        if (Dimensions is not (2 or 3))
            throw new ArgumentException($"Critic: 2 or 3 dimensions, got {Dimensions}.");
        if (FeatureMaps.Count is < 1 or > 16 || FeatureMaps.Any(m => m is < 1 or > 4096))
            throw new ArgumentException($"Critic: 1 to 16 blocks of 1 to 4096 feature maps are needed, got {string.Join(",", FeatureMaps)}.");
        if (!(Slope is >= 0 and < 1))
            throw new ArgumentException($"Critic: the slope must be in [0, 1), got {Slope}.");
        if (Patch.C != 1 || !Patch.IsValid || (Dimensions == 2 && Patch.D != 1))
            throw new ArgumentException($"Critic: a mask is [1, {(Dimensions == 2 ? "1" : "D")}, H, W, 1], got {Patch}.");
        if (!Coarsest.IsValid)
            throw new ArgumentException($"Critic: {FeatureMaps.Count} blocks halve {Patch} to nothing; use larger patches or fewer blocks.");
    }
}
