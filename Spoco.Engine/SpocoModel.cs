using Spoco.Engine.Networks;
using Spoco.Engine.Segmentation;
using Spoco.Kernels;

namespace Spoco.Engine;

/// <summary>What a model is, apart from its parameters; stored in every checkpoint.</summary>
public sealed record SpocoModelOptions
{
    /// <summary>Architecture of f and g; its output channels follow from the two choices below.</summary>
    public UNetOptions Network { get; init; } = new();

    /// <summary>d: dimensions of a pixel's embedding.</summary>
    public int EmbeddingDimensions { get; init; } = 16;

    /// <summary>
    /// One more output channel: the logit of "this pixel belongs to an object", learned where labels are full. An extension of ours;
    /// false gives the paper's network.
    /// </summary>
    public bool Foreground { get; init; }

    /// <summary>delta_v of the loss the model was trained with.</summary>
    public double PullMargin { get; init; } = 0.5;

    /// <summary>delta_d of the loss the model was trained with; the segmentation uses the same.</summary>
    public double PushMargin { get; init; } = 2;

    /// <summary>Size in voxels below which a segment is a speck; from the objects that the model was trained on. 0 = unknown.</summary>
    public int SizeFloor { get; init; }

    /// <summary>What is done to an image before the networks see it; a model that does not say was trained on mean 0 and deviation 1.</summary>
    public NormalisationOptions Normalisation { get; init; } = new();

    /// <summary>How its embeddings are segmented when nothing else is said.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public InstanceSegmentationOptions Segmentation => new()
    {
        Watershed = new MutexWatershedOptions { PushMargin = (float)PushMargin }, SizeFloor = SizeFloor, MergeDistance = Foreground ? 0.75 * PushMargin : 0,
    };

    /// <summary>The network with the output channels that the other choices ask for.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public UNetOptions NetworkWithOutput => Network with { OutputChannels = EmbeddingDimensions + (Foreground ? 1 : 0) };

    /// <summary>Checks every rule.</summary>
    /// <exception cref="ArgumentException">A rule is broken.</exception>
    public void Validate()
    {
        if (EmbeddingDimensions is < 1 or > 256)
            throw new ArgumentException($"SpocoModel: embeddings need 1 to 256 dimensions, got {EmbeddingDimensions}.");
        if (!(PullMargin > 0 && double.IsFinite(PullMargin)) || !(PushMargin > 0 && double.IsFinite(PushMargin)))
            throw new ArgumentException($"SpocoModel: the margins must be positive, got {PullMargin} and {PushMargin}.");
        if (SizeFloor < 0)
            throw new ArgumentException($"SpocoModel: the size floor must not be negative, got {SizeFloor}.");
        ArgumentNullException.ThrowIfNull(Normalisation);
        Normalisation.Validate();
        NetworkWithOutput.Validate();
    }
}

/// <summary>What a model says of an image.</summary>
/// <param name="Embeddings">Output of f, d channels.</param>
/// <param name="MomentumEmbeddings">Output of g, d channels; null when not asked for.</param>
/// <param name="Foreground">Probability of belonging to an object, 1 channel; null for a model without a foreground channel.</param>
public sealed record Prediction(Volume<float> Embeddings, Volume<float>? MomentumEmbeddings, Volume<float>? Foreground)
{
    /// <summary>Weights of the edges to each offset, [C, D, H, W], 0 = attractive, 1 = repulsive; null = those of <see cref="Embeddings"/>.</summary>
    public float[]? Affinities { get; init; }
}

/// <summary>
/// The two networks of SPOCO on one device: f, which is trained, and g, its slow copy. Wolny et al., CVPR 2022, arXiv 2103.14572.
/// </summary>
public sealed class SpocoModel : IDisposable
{
    /// <summary>Makes a model with undefined (zero) parameters.</summary>
    /// <param name="device">Where it is to live; the caller disposes it after the model.</param>
    /// <param name="options">What it is.</param>
    /// <param name="trained">Whether f takes memory for gradients.</param>
    /// <param name="momentumTrained">Whether g takes memory for gradients too: only <see cref="Training.GNetwork.Trained"/> has any.</param>
    /// <exception cref="ArgumentException">The options break a rule.</exception>
    public SpocoModel(ComputeDevice device, SpocoModelOptions options, bool trained = true, bool momentumTrained = false)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        Device = device;
        Options = options;
        EmbeddingNet = new UNet(device, options.NetworkWithOutput, trained);
        MomentumNet = new UNet(device, options.NetworkWithOutput, momentumTrained);
    }

    /// <summary>Where the networks live.</summary>
    public ComputeDevice Device { get; }

    /// <summary>What the model is.</summary>
    public SpocoModelOptions Options { get; }

    /// <summary>f.</summary>
    public UNet EmbeddingNet { get; }

    /// <summary>g.</summary>
    public UNet MomentumNet { get; }

    /// <summary>Draws f's initial parameters and starts g as a copy of f.</summary>
    public void Initialise(long seed)
    {
        EmbeddingNet.Parameters.Initialise(seed);
        MomentumNet.Parameters.CopyFrom(EmbeddingNet.Parameters);
    }

    /// <summary>Brings an image, as it comes from a file, to what the networks were trained on.</summary>
    /// <param name="image">[D, H, W, channels of the network]; left as it is.</param>
    /// <param name="name">What to call the image in an error.</param>
    /// <exception cref="InputException">A value is infinite or not a number.</exception>
    public Volume<float> Normalise(Volume<float> image, string name = "image") => Normalisation.Apply(image, Options.Normalisation, name);

    /// <summary>Computes the embeddings of an image as it is: the caller has normalised it (<see cref="Normalise"/>).</summary>
    /// <param name="image">[D, H, W, channels of the network]; a 2D model takes the slices one by one.</param>
    /// <param name="withMomentum">Whether g is wanted too (consistency clustering needs it).</param>
    /// <param name="cancellation">Checked between slices.</param>
    /// <exception cref="ArgumentException">Channels or size do not fit the network, or a value is infinite or not a number.</exception>
    public Prediction Predict(Volume<float> image, bool withMomentum = false, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        if (FiniteNumbers.IndexOfOther(image.Data) >= 0)
            throw new ArgumentException("SpocoModel: the image holds values that are infinite or not a number.");
        var embeddings = new Volume<float>(image.Depth, image.Height, image.Width, Options.EmbeddingDimensions) { VoxelSize = image.VoxelSize };
        var momentum = withMomentum
            ? new Volume<float>(image.Depth, image.Height, image.Width, Options.EmbeddingDimensions) { VoxelSize = image.VoxelSize } : null;
        var foreground = Options.Foreground ? new Volume<float>(image.Depth, image.Height, image.Width) { VoxelSize = image.VoxelSize } : null;
        var depth = Options.Network.Dimensions == 3 ? image.Depth : 1;
        for (var z = 0; z < image.Depth; z += depth)
        {
            cancellation.ThrowIfCancellationRequested();
            Predict(EmbeddingNet, image, z, depth, embeddings, foreground);
            if (momentum is not null)
                Predict(MomentumNet, image, z, depth, momentum, null);
        }

        return new Prediction(embeddings, momentum, foreground);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        EmbeddingNet.Dispose();
        MomentumNet.Dispose();
    }

    private void Predict(UNet net, Volume<float> image, int z, int depth, Volume<float> embeddings, Volume<float>? foreground)
    {
        using var scope = new TensorScope();
        using var pause = Gradients.NoRecording();
        var shape = new TensorShape(1, depth, image.Height, image.Width, image.Channels);
        var voxels = checked((int)shape.Voxels);
        var x = Tensor.From(Device, shape, image.Data.AsSpan(z * image.Height * image.Width * image.Channels, checked((int)shape.Count)));
        var y = net.Forward(x, training: false).ToArray();
        var (first, d, channels) = (z * image.Height * image.Width, Options.EmbeddingDimensions, net.Options.OutputChannels);
        for (var i = 0; i < voxels; i++)
        {
            y.AsSpan(i * channels, d).CopyTo(embeddings.Data.AsSpan((first + i) * d));
            if (foreground is not null)
                foreground.Data[first + i] = 1 / (1 + MathF.Exp(-y[i * channels + d]));
        }
    }
}
