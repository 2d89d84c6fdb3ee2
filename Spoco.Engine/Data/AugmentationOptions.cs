using System.Globalization;

namespace Spoco.Engine.Data;

/// <summary>The bounds of a number that is drawn uniformly.</summary>
/// <param name="From">The least number that is drawn.</param>
/// <param name="To">The bound above; drawn numbers stay below it, or equal it where both are one.</param>
public readonly record struct DrawRange(double From, double To)
{
    internal double Draw(RandomSource random) => random.NextDouble(From, To);

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{From:g4},{To:g4}");
}

/// <summary>Which axes of a volume zoom, quarter turns and rotations may touch.</summary>
public enum GeometryAxes
{
    /// <summary>All three where the file states voxels of about the same size in z and x, else the plane.</summary>
    ByVoxelSize,

    /// <summary>y and x only: right for anisotropic volumes.</summary>
    InPlane,

    /// <summary>z, y and x alike.</summary>
    All,
}

/// <summary>Which axes are mirrored.</summary>
public enum FlipAxes
{
    /// <summary>No axis.</summary>
    None,

    /// <summary>Left and right: for photographs, in which up and down differ.</summary>
    Horizontal,

    /// <summary>Every axis.</summary>
    All,
}

/// <summary>What the area of a random crop is relative to.</summary>
public enum ScaleReference
{
    /// <summary>The patch: objects keep about the size they have in the image.</summary>
    Patch,

    /// <summary>The image, whatever its size, as torchvision's RandomResizedCrop; prediction then resizes whole images to the patch. 2D only.</summary>
    Image,
}

/// <summary>How training patches are varied. The defaults are the paper's; intensities are those of normalised images.</summary>
public sealed record AugmentationOptions
{
    /// <summary>No variation: patches are cut out as they are.</summary>
    public static AugmentationOptions None { get; } = new()
    {
        Scale = new DrawRange(1, 1), Flips = FlipAxes.None, QuarterTurns = false,
        JitterProbability = 0, GreyscaleProbability = 0, BlurProbability = 0, NoiseProbability = 0,
    };

    /// <summary>
    /// Area of the region that is cut out and resized to the patch, relative to the patch or to the image: sides go with its square root.
    /// </summary>
    public DrawRange Scale { get; init; } = new(0.7, 1);

    /// <summary>What <see cref="Scale"/> is relative to.</summary>
    public ScaleReference ScaleOf { get; init; }

    /// <summary>Width to height of the region relative to those of the patch; only where <see cref="ScaleOf"/> is the image.</summary>
    public DrawRange Aspect { get; init; } = new(3 / 4.0, 4 / 3.0);

    /// <summary>Mirroring of axes, with probability 1/2 each.</summary>
    public FlipAxes Flips { get; init; } = FlipAxes.All;

    /// <summary>Rotations by multiples of 90 degrees.</summary>
    public bool QuarterTurns { get; init; } = true;

    /// <summary>Free rotation by an angle drawn from -R .. R degrees; 0 for none.</summary>
    public double RotationDegrees { get; init; }

    /// <summary>Deviation in voxels of the control points of an elastic deformation; 0 for none.</summary>
    public double ElasticDeviation { get; init; }

    /// <summary>Distance in voxels of the control points of the elastic deformation.</summary>
    public double ElasticSpacing { get; init; } = 32;

    /// <summary>What zoom, quarter turns and rotations may touch.</summary>
    public GeometryAxes Axes { get; init; }

    /// <summary>Probability of intensity jitter: brightness and contrast, with gamma for grey images, saturation and hue for colour images.</summary>
    public double JitterProbability { get; init; } = 0.5;

    /// <summary>Largest value added, in deviations of the image.</summary>
    public double Brightness { get; init; } = 0.4;

    /// <summary>Values are multiplied by 1 - c .. 1 + c.</summary>
    public double Contrast { get; init; } = 0.4;

    /// <summary>Exponent of 1 / (1 + g) .. 1 + g over the patch's own range of values; not for colour images.</summary>
    public double Gamma { get; init; } = 0.4;

    /// <summary>Distance of colours from grey is multiplied by 1 - s .. 1 + s.</summary>
    public double Saturation { get; init; } = 0.4;

    /// <summary>Hue is turned by up to this part of the colour circle, either way.</summary>
    public double Hue { get; init; } = 0.1;

    /// <summary>Probability that a colour image loses its colours.</summary>
    public double GreyscaleProbability { get; init; } = 0.2;

    /// <summary>Probability of Gaussian blur.</summary>
    public double BlurProbability { get; init; } = 0.5;

    /// <summary>Deviation of the Gaussian blur in voxels.</summary>
    public DrawRange BlurSigma { get; init; } = new(0.1, 2);

    /// <summary>Probability of Gaussian noise.</summary>
    public double NoiseProbability { get; init; } = 0.5;

    /// <summary>Deviation of the additive Gaussian noise, in deviations of the image.</summary>
    public DrawRange NoiseDeviation { get; init; } = new(0, 0.2);

    /// <summary>Probability of shot noise.</summary>
    public double PoissonProbability { get; init; }

    /// <summary>Shot noise: events that a value one deviation above the patch's lowest one stands for; the fewer, the noisier.</summary>
    public DrawRange PoissonEvents { get; init; } = new(10, 100);

    /// <summary>Checks every number.</summary>
    /// <exception cref="InputException">A number is outside its bounds.</exception>
    public void Validate()
    {
        Check("scale", Scale, 0.01, 100);
        Check("aspect", Aspect, 0.01, 100);
        Check("rotation", RotationDegrees, 0, 180);
        Check("elastic deviation", ElasticDeviation, 0, 1000);
        Check("elastic spacing", ElasticSpacing, 2, 1e6);
        Check("brightness", Brightness, 0, 100);
        Check("contrast", Contrast, 0, 1);
        Check("gamma", Gamma, 0, 100);
        Check("saturation", Saturation, 0, 1);
        Check("hue", Hue, 0, 0.5);
        Check("jitter probability", JitterProbability, 0, 1);
        Check("greyscale probability", GreyscaleProbability, 0, 1);
        Check("blur probability", BlurProbability, 0, 1);
        Check("blur sigma", BlurSigma, 0, 100);
        Check("noise probability", NoiseProbability, 0, 1);
        Check("noise deviation", NoiseDeviation, 0, 100);
        Check("poisson probability", PoissonProbability, 0, 1);
        Check("poisson events", PoissonEvents, 0.01, 1e6);
    }

    private static void Check(string name, double value, double low, double high)
    {
        if (!(value >= low && value <= high))
            throw new InputException($"Augmentation: {name} is from {low} to {high}, got {value}.");
    }

    private static void Check(string name, DrawRange range, double low, double high)
    {
        Check(name, range.From, low, high);
        Check(name, range.To, low, high);
        if (range.From > range.To)
            throw new InputException($"Augmentation: {name} goes from the smaller to the larger number, got {range.From} to {range.To}.");
    }
}
