namespace Spoco.Engine.Training;

/// <summary>What a network sees of images: their intensities, and the patches that are cut out of them.</summary>
public sealed record DataSettings
{
    /// <summary>
    /// Values further from those of nearly all pixels than these are from each other are cut: some hot pixels would else shrink everything to
    /// nothing. Most images have none and are as with zscore, and small bright objects stay far above the background.
    /// </summary>
    public const string DefaultNormalisation = "percentile(1,99,1)";

    /// <summary>Null = 1 where every image is grey, else those of the images.</summary>
    public int? Channels { get; init; }

    /// <summary>What is done to images, as <see cref="NormalisationOptions.Parse"/> reads it.</summary>
    public string Normalise { get; init; } = DefaultNormalisation;

    /// <summary>Where normalised values are cut.</summary>
    public double? Clip { get; init; }

    /// <summary>Extents of a patch, slowest axis first. Null = 128x128 in 2D, 32x64x64 in 3D.</summary>
    public int[]? Patch { get; init; }

    /// <summary>Patches of a step. Null = 4 in 2D, 1 in 3D.</summary>
    public int? BatchSize { get; init; }

    /// <summary>Part of the patches that lie anywhere; the others show a labelled object. Null = half the chance that a patch at a random place shows none.</summary>
    public double? FreePatches { get; init; }
}
