namespace Spoco.Engine.Networks;

/// <summary>
/// Architecture of a U-Net (Ronneberger et al. 2015, arXiv 1505.04597; Cicek et al. 2016, arXiv 1606.06650) as the SPOCO paper uses it,
/// appendix Tables 1 to 3.
/// </summary>
public sealed record UNetOptions
{
    /// <summary>2 or 3. A 2D network sees every slice on its own.</summary>
    public int Dimensions { get; init; } = 2;

    /// <summary>Channels of the image.</summary>
    public int InputChannels { get; init; } = 1;

    /// <summary>Channels of the output: d of the embeddings, one more with a foreground channel.</summary>
    public int OutputChannels { get; init; } = 16;

    /// <summary>Feature maps of each level, the finest first; at least two levels.</summary>
    public IReadOnlyList<int> FeatureMaps { get; init; } = [16, 32, 64, 128];

    /// <summary>
    /// What a convolution unit is made of, in order: one letter each, see <see cref="OrderLetters"/>.
    /// The convolution has a bias only where the string has no norm.
    /// </summary>
    public string Order { get; init; } = "bcr";

    /// <summary>What the letters of <see cref="Order"/> stand for, with commas between: norms, the convolution, activations.</summary>
    public static string OrderLetters { get; } =
        $"g group norm, b batch norm, c convolution, {string.Join(", ", ActivationLetters.All.Select(letter => $"{letter.Key} {letter.Value}"))}";

    /// <summary>Groups of a group norm; 1 where there are fewer channels than that.</summary>
    public int Groups { get; init; } = 8;

    /// <summary>Max pooling window between levels along z; 1 for anisotropic volumes. Along y and x it is 2.</summary>
    public int PoolDepth { get; init; } = 2;

    /// <summary>Checks every rule.</summary>
    /// <exception cref="ArgumentException">A rule is broken; the message says which and what was seen.</exception>
    public void Validate()
    {
        if (Dimensions is not (2 or 3))
            throw new ArgumentException($"UNet: dimensions must be 2 or 3, got {Dimensions}.");
        if (InputChannels < 1 || OutputChannels < 1)
            throw new ArgumentException($"UNet: input and output need at least 1 channel, got {InputChannels} and {OutputChannels}.");
        // Every level halves the image; the least image of 16 levels has 32768 pixels a side.
        if (FeatureMaps.Count is < 2 or > 16 || FeatureMaps.Any(m => m is < 1 or > 4096))
            throw new ArgumentException($"UNet: 2 to 16 levels of 1 to 4096 feature maps are needed, got {string.Join(",", FeatureMaps)}.");
        if (Order.Count(c => c == 'c') != 1 || Order.Any(c => c is not ('g' or 'b' or 'c') && ActivationLetters.Find(c) is null))
            throw new ArgumentException($"UNet: order must hold one 'c' and otherwise letters of {OrderLetters}, got '{Order}'.");
        if (Groups < 1)
            throw new ArgumentException($"UNet: groups must be at least 1, got {Groups}.");
        if (PoolDepth is not (1 or 2))
            throw new ArgumentException($"UNet: pooling along z must be 1 or 2, got {PoolDepth}.");
        if (!Order.Contains('g', StringComparison.Ordinal))
            return;
        foreach (var maps in FeatureMaps.Concat(FeatureMaps.Select(m => m / 2)).Where(m => m >= Groups))
        {
            if (maps % Groups != 0)
                throw new ArgumentException($"UNet: {maps} feature maps cannot be divided into {Groups} groups (maps {string.Join(",", FeatureMaps)}).");
        }
    }

    /// <summary>
    /// How many voxels the result at a voxel looks at, at most, to each side along slices, rows and columns: what lies further away has no part in it.
    /// Group norms are left aside: they look at the whole image.
    /// </summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public (int D, int H, int W) ReceptiveField
    {
        get
        {
            var side = Networks.ReceptiveField.Reach(FeatureMaps.Count, pooled: true);
            return (Dimensions == 2 ? 0 : PoolDepth == 2 ? side : Networks.ReceptiveField.Reach(FeatureMaps.Count, pooled: false), side, side);
        }
    }

    /// <summary>Window of the max pooling between levels.</summary>
    internal (int D, int H, int W) PoolWindow => (Dimensions == 3 ? PoolDepth : 1, 2, 2);

    /// <summary>Whether statistics are those of the image that is seen, not of the training.</summary>
    internal bool HasGroupNorm => Order.Contains('g', StringComparison.Ordinal);

    /// <summary>Smallest image the network can take: every pooling must leave at least one voxel.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public (int D, int H, int W) MinimumSize
    {
        get
        {
            var side = 1 << (FeatureMaps.Count - 1);
            return (Dimensions == 3 && PoolDepth == 2 ? side : 1, side, side);
        }
    }
}
