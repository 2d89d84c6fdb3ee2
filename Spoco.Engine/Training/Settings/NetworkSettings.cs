namespace Spoco.Engine.Training;

/// <summary>The network that is trained, and where its first parameters come from.</summary>
public sealed record NetworkSettings
{
    /// <summary>The model, a checkpoint, whose parameters training starts with; null = random ones.</summary>
    public string? From { get; init; }

    /// <summary>2 or 3; a 2D network takes the slices of a volume as images.</summary>
    public int Dimensions { get; init; } = 2;

    /// <summary>Feature maps of each level of the U-Net, the finest first.</summary>
    public int[] Maps { get; init; } = [16, 32, 64, 128];

    /// <summary>Convolution unit, see <see cref="Networks.UNetOptions.Order"/>. Null = <c>bcr</c> in 2D, <c>gcr</c> in 3D, where a batch is too small for batch norm.</summary>
    public string? Order { get; init; }

    /// <summary>d: dimensions of a pixel's embedding.</summary>
    public int Embedding { get; init; } = 16;

    /// <summary>3D: pooling by 1x2x2, for volumes whose slices lie far apart.</summary>
    public bool AnisotropicPooling { get; init; }

    /// <summary>Whether no foreground channel is learned: the paper's network.</summary>
    public bool NoForeground { get; init; }
}
