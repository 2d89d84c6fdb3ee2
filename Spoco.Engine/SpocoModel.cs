using Spoco.Engine.Networks;
using Spoco.Engine.Segmentation;
using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine;

/// <summary>What a model is, apart from its parameters; stored in every checkpoint.</summary>
public sealed record SpocoModelOptions
{
    /// <summary>Architecture of f and g; its output channels follow from the two choices below.</summary>
    public UNetOptions Network { get; init; } = new();

    /// <summary>d: dimensions of a pixel's embedding.</summary>
    public int EmbeddingDimensions { get; init; } = 16;

    /// <summary>
    /// One more output channel: the logit of "this pixel belongs to an object", see <see cref="Losses.ForegroundLoss"/> and, where few objects are labelled,
    /// <see cref="Losses.PositiveUnlabelledLoss"/>. An extension of ours;
    /// false gives the paper's network.
    /// </summary>
    public bool Foreground { get; init; }

    /// <summary>delta_v of the loss the model was trained with.</summary>
    public double PullMargin { get; init; } = 0.5;

    /// <summary>delta_d of the loss the model was trained with; the segmentation uses the same.</summary>
    public double PushMargin { get; init; } = 2;

    /// <summary>Size in voxels below which a segment is a speck; from the objects that the model was trained on. 0 = unknown.</summary>
    public int SizeFloor { get; init; }

    /// <summary>Probability of the learned foreground from which a voxel belongs to an object, when nothing else is said.</summary>
    public double ForegroundThreshold { get; init; } = 0.5;

    /// <summary>
    /// Neighbouring segments whose mean embeddings are closer than this are joined, when nothing else is said. Null = delta_d, half of what training pushes objects apart, for a
    /// model with a foreground; a model without is the paper's, which joins none.
    /// </summary>
    public double? MergeDistance { get; init; }

    /// <summary>What is done to an image before the networks see it; a model that does not say was trained on mean 0 and deviation 1.</summary>
    public NormalisationOptions Normalisation { get; init; } = new();

    /// <summary>How the factors of convolutions are rounded when the model predicts, on devices that round them (<see cref="Capabilities.RoundsFactors"/>).</summary>
    public Precision Precision { get; init; }

    /// <summary>How its embeddings are segmented when nothing else is said.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public InstanceSegmentationOptions Segmentation => new()
    {
        Watershed = new MutexWatershedOptions { PushMargin = (float)PushMargin }, SizeFloor = SizeFloor, MergeDistance = MergeDistance ?? (Foreground ? PushMargin : 0),
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
        if (MergeDistance is { } distance && !(distance >= 0 && double.IsFinite(distance)))
            throw new ArgumentException($"SpocoModel: the distance at which segments are joined must not be negative, got {distance}.");
        if (ForegroundThreshold is not (> 0 and < 1))
            throw new ArgumentException($"SpocoModel: the threshold of the foreground must be between 0 and 1, got {ForegroundThreshold}.");
        if (!Enum.IsDefined(Precision))
            throw new ArgumentException($"SpocoModel: there is no precision {Precision}.");
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

    /// <summary><see cref="Affinities"/> where they were computed, lent by <see cref="PredictionOnDevice"/>; without memory = not there.</summary>
    internal DeviceBuffer<float> AffinitiesOnDevice { get; init; }

    /// <summary><see cref="Embeddings"/> where they were computed, lent by <see cref="PredictionOnDevice"/>; without memory = not there.</summary>
    internal DeviceBuffer<float> EmbeddingsOnDevice { get; init; }
}

/// <summary>
/// The two networks of SPOCO on one device: f, which is trained, and g, its slow copy. Wolny et al., CVPR 2022, arXiv 2103.14572.
/// </summary>
public sealed class SpocoModel : IDisposable
{
    private readonly Holdings _holdings;

    /// <summary>Makes a model with undefined (zero) parameters.</summary>
    /// <param name="device">Where it is to live; the caller disposes it after the model.</param>
    /// <param name="options">Architecture, embedding and foreground; written into checkpoints.</param>
    /// <param name="trained">Whether f takes memory for gradients.</param>
    /// <param name="momentumTrained">Whether g takes memory for gradients too: only <see cref="Training.GNetwork.Trained"/> has any.</param>
    /// <exception cref="ArgumentException">The options break a rule.</exception>
    public SpocoModel(ComputeDevice device, SpocoModelOptions options, bool trained = true, bool momentumTrained = false)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        Device = device;
        Options = options;
        using var holdings = new Holdings();
        EmbeddingNet = holdings.Add(new UNet(device, options.NetworkWithOutput, trained));
        MomentumNet = holdings.Add(new UNet(device, options.NetworkWithOutput, momentumTrained));
        _holdings = holdings.Share();
    }

    /// <summary>The device that the parameters lie on and the networks run on.</summary>
    public ComputeDevice Device { get; }

    /// <summary>Architecture, embedding, foreground and what was learned for the segmentation; a checkpoint holds them.</summary>
    public SpocoModelOptions Options { get; private set; }

    /// <summary>
    /// <see cref="SpocoModelOptions.Precision"/> of its predictions, whatever <see cref="ComputeDevice.Precision"/> is, which is left as it was; a checkpoint that is written
    /// then says so.
    /// </summary>
    /// <exception cref="ArgumentException">There is no such precision.</exception>
    public Precision Precision
    {
        get => Options.Precision;
        set
        {
            var options = Options with { Precision = value };
            options.Validate();
            Options = options;
        }
    }

    /// <summary>f, the network that is trained by the gradient and that predicts.</summary>
    public UNet EmbeddingNet { get; }

    /// <summary>g, the network of the consistency term: by default a moving average of f.</summary>
    public UNet MomentumNet { get; }

    /// <summary>Draws f's initial parameters and starts g as a copy of f.</summary>
    public void Initialise(long seed)
    {
        EmbeddingNet.Parameters.Initialise(seed);
        MomentumNet.Parameters.CopyFrom(EmbeddingNet.Parameters);
    }

    /// <summary>A model of its own with the same parameters, on the same device, to predict with.</summary>
    public SpocoModel Copy()
    {
        var copy = new SpocoModel(Device, Options, trained: false);
        try
        {
            copy.EmbeddingNet.Parameters.CopyFrom(EmbeddingNet.Parameters);
            copy.MomentumNet.Parameters.CopyFrom(MomentumNet.Parameters);
            return copy;
        }
        catch
        {
            copy.Dispose();
            throw;
        }
    }

    /// <summary>Brings an image, as it comes from a file, to what the networks were trained on.</summary>
    /// <param name="image">[D, H, W, channels of the network]; left as it is.</param>
    /// <param name="name">What to call the image in an error.</param>
    /// <exception cref="InputException">A value is infinite or not a number.</exception>
    public Volume<float> Normalise(Volume<float> image, string name = "image") => Normalisation.Apply(image, Options.Normalisation, name);

    /// <summary>Computes the embeddings of an image as it is: the caller has normalised it (<see cref="Normalise"/>).</summary>
    /// <param name="image">[D, H, W, channels of the network]; a 2D model takes the slices one by one.</param>
    /// <param name="withMomentum">Whether g is run too, for <see cref="Prediction.MomentumEmbeddings"/>.</param>
    /// <param name="progress">Told what part is done, from 0 to 1.</param>
    /// <param name="cancellation">Checked between convolutions.</param>
    /// <exception cref="ArgumentException">
    /// Channels or size do not fit the network, a value is infinite or not a number, or the embeddings are more than one array holds; the message then says how much memory the prediction needs.
    /// </exception>
    /// <exception cref="DeviceMemoryException">The <c>cpu</c> device is to compute more than the machine's memory holds; said before anything is allocated.</exception>
    /// <exception cref="OperationCanceledException">The prediction was cancelled.</exception>
    public Prediction Predict(
        Volume<float> image, bool withMomentum = false, IProgress<double>? progress = null, CancellationToken cancellation = default) =>
        Predict(image, withMomentum, default, progress, cancellation);

    /// <summary>The same, with the embeddings of f left on the device, too.</summary>
    /// <param name="image">[D, H, W, channels of the network].</param>
    /// <param name="withMomentum">Whether g is run too.</param>
    /// <param name="embeddings">Receives them, [D, H, W, d]; without memory = not wanted.</param>
    /// <param name="progress">Told what part is done, from 0 to 1.</param>
    /// <param name="cancellation">Checked between convolutions.</param>
    internal Prediction Predict(
        Volume<float> image, bool withMomentum, DeviceBuffer<float> embeddings, IProgress<double>? progress, CancellationToken cancellation)
    {
        Require(image);
        var result = Results(image, withMomentum);
        var watch = Watch(image, withMomentum ? 2 : 1, progress, cancellation);
        using var held = Hold(EmbeddingNet, image);
        using var heldMomentum = withMomentum ? Hold(MomentumNet, image) : null;
        for (var z = 0; z < image.Depth; z += DepthAtOnce(image))
        {
            cancellation.ThrowIfCancellationRequested();
            Predict(EmbeddingNet, image, z, result.Embeddings, result.Foreground, embeddings, watch);
            if (result.MomentumEmbeddings is { } momentum)
                Predict(MomentumNet, image, z, momentum, null, default, watch);
        }

        return result;
    }

    /// <summary>Computes the embeddings of g alone, as <see cref="Predict(Volume{float}, bool, IProgress{double}, CancellationToken)"/> those of f.</summary>
    /// <param name="image">[D, H, W, channels of the network]; a 2D model takes the slices one by one.</param>
    /// <param name="cancellation">Checked between convolutions.</param>
    internal Volume<float> PredictMomentum(Volume<float> image, CancellationToken cancellation)
    {
        Require(image);
        var embeddings = new Volume<float>(image.Depth, image.Height, image.Width, Options.EmbeddingDimensions) { VoxelSize = image.VoxelSize };
        var watch = Watch(image, 1, null, cancellation);
        using var held = Hold(MomentumNet, image);
        for (var z = 0; z < image.Depth; z += DepthAtOnce(image))
            Predict(MomentumNet, image, z, embeddings, null, default, watch);
        return embeddings;
    }

    /// <summary>What f says of an image, left where it was computed: [1, D, H, W, output channels], in the surrounding <see cref="TensorScope"/>.</summary>
    /// <param name="image">[D, H, W, channels of the network]; a 2D model takes the slices one by one.</param>
    /// <param name="cancellation">Checked between convolutions.</param>
    internal Tensor Outputs(Volume<float> image, CancellationToken cancellation)
    {
        Require(image);
        var watch = Watch(image, 1, null, cancellation);
        if (DepthAtOnce(image) == image.Depth)
            return Forward(EmbeddingNet, image, 0, watch);
        var all = Tensor.Empty(Device, new TensorShape(1, image.Depth, image.Height, image.Width, EmbeddingNet.Options.OutputChannels));
        for (var z = 0; z < image.Depth; z++)
        {
            using var scope = new TensorScope();
            var slice = Forward(EmbeddingNet, image, z, watch).Buffer;
            slice.CopyTo(all.Buffer.Slice(z * slice.Length, slice.Length));
        }

        return all;
    }

    /// <summary>Takes embeddings and foreground out of what a network says.</summary>
    /// <param name="outputs">[1, D, H, W, output channels].</param>
    /// <param name="embeddings">Receives [D, H, W, d].</param>
    /// <param name="foreground">Receives the probability, [D, H, W]; empty = not wanted.</param>
    /// <param name="onDevice">Receives [D, H, W, d]; without memory = not wanted.</param>
    internal void Take(Tensor outputs, Span<float> embeddings, Span<float> foreground, DeviceBuffer<float> onDevice = default)
    {
        using var scope = new TensorScope();
        var (shape, d) = (outputs.Shape, Options.EmbeddingDimensions);
        var embedded = onDevice;
        if (embedded.IsNull)
            embedded = shape.C == d ? outputs.Buffer : Tensor.Empty(Device, shape.WithChannels(d)).Buffer;
        if (embedded.Memory != outputs.Buffer.Memory)
            Primitives.ChannelSlice.Forward(shape.Voxels, 0, outputs.Buffer, embedded);
        embedded.CopyTo(embeddings);
        if (foreground.IsEmpty)
            return;
        var probability = Tensor.Zeros(Device, shape.WithChannels(1)).Buffer;
        Primitives.Probability.AddShare(LaidImage.AsItIs(shape), outputs.Buffer, d, 1, probability);
        probability.CopyTo(foreground);
    }

    /// <summary>
    /// Computes the embeddings of an image in bounded memory: part by part, each with what its embeddings depend on, see <see cref="TiledPrediction"/>. On the
    /// <c>cpu</c> device the results of networks with batch norm, or without a norm, have the bits of those of the image at once; group norms differ by rounding.
    /// </summary>
    /// <param name="image">[D, H, W, channels of the network]; a 2D model takes the slices one by one.</param>
    /// <param name="memory">Bytes for the computation; the image and the results come on top.</param>
    /// <param name="withMomentum">Whether g is run too.</param>
    /// <param name="progress">Told what part is done, from 0 to 1; it begins anew for g.</param>
    /// <param name="cancellation">Checked between convolutions.</param>
    /// <exception cref="ArgumentException">
    /// Channels or size do not fit the network, the embeddings are more than one array holds, or the memory is too small; the message says how much is needed.
    /// </exception>
    /// <exception cref="OperationCanceledException">The prediction was cancelled.</exception>
    public Prediction Predict(
        Volume<float> image, long memory, bool withMomentum = false, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        RequireArrays(image.Depth, image.Height, image.Width);
        var (reader, whole) = (new VolumeReader<float>(image), VoxelBox.Of(image));
        using var f = new TiledPrediction(this, reader, memory, momentum: false, progress, cancellation);
        var result = Results(image, withMomentum);
        f.Read(whole, result.Embeddings.Data, result.Foreground is null ? [] : result.Foreground.Data);
        if (result.MomentumEmbeddings is null)
            return result;
        using var g = new TiledPrediction(this, reader, memory, momentum: true, progress, cancellation);
        g.Read(whole, result.MomentumEmbeddings.Data);
        return result;
    }

    /// <summary>
    /// From an image, as it comes from a file, to its objects, as <c>spoco segment</c> does it where nothing else is asked for: normalised as in training, affinities
    /// averaged over views, segmented within the mask or, where the model has learned it, the foreground.
    /// </summary>
    /// <param name="image">[D, H, W, channels of the network]; left as it is.</param>
    /// <param name="mask">Voxels that are 0 here get label 0; null = the learned foreground or, without one, everything is segmented.</param>
    /// <param name="orientations">Views: 1, 2, 4 or 8; null = <see cref="OrientationAverage.DefaultOf"/>.</param>
    /// <param name="options">The clustering and what becomes of its segments; null = those of <see cref="SpocoModelOptions.Segmentation"/>.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <returns>Labels from 1, numbered by first voxel; 0 = no object.</returns>
    /// <exception cref="ArgumentException">Channels, size or mask do not fit, the number of views is another, or an option is out of range.</exception>
    /// <exception cref="InputException">A value of the image is infinite or not a number.</exception>
    /// <exception cref="OperationCanceledException">The segmentation was cancelled.</exception>
    public Volume<int> Segment(
        Volume<float> image, Volume<byte>? mask = null, int? orientations = null, InstanceSegmentationOptions? options = null, CancellationToken cancellation = default)
    {
        options ??= Options.Segmentation;
        using var seen = OrientationAverage.PredictOnDevice(
            this, Normalise(image), orientations ?? OrientationAverage.DefaultOf(Options, options.Clustering), options.Divides.ReadsMomentum, cancellation);
        var prediction = seen.Prediction;
        return mask is null && Options.Foreground
            ? InstanceSegmentation.SegmentLearned(prediction, Options.ForegroundThreshold, options, Device, cancellation)
            : InstanceSegmentation.Segment(prediction, mask, options, Device, cancellation);
    }

    /// <summary>Says how images are segmented with this model when nothing else is said; its parameters stay.</summary>
    /// <param name="foregroundThreshold"><see cref="SpocoModelOptions.ForegroundThreshold"/>.</param>
    /// <param name="sizeFloor"><see cref="SpocoModelOptions.SizeFloor"/>.</param>
    /// <param name="mergeDistance"><see cref="SpocoModelOptions.MergeDistance"/>.</param>
    /// <exception cref="ArgumentException">A value is out of range; the model is left as it was.</exception>
    public void SetSegmentation(double foregroundThreshold, int sizeFloor, double? mergeDistance)
    {
        var options = Options with { ForegroundThreshold = foregroundThreshold, SizeFloor = sizeFloor, MergeDistance = mergeDistance };
        options.Validate();
        Options = options;
    }

    /// <summary>
    /// Bytes that <see cref="Predict(Volume{float}, bool, IProgress{double}, CancellationToken)"/> takes at most for an image of these extents, the image itself and the
    /// results aside: tensors of the device, and what is copied to and from it. A 2D model takes them for a slice, whatever the depth.
    /// </summary>
    /// <exception cref="ArgumentException">The network cannot take images of this size.</exception>
    public long PredictionBytes(int depth, int height, int width)
    {
        var least = Options.Network.MinimumSize;
        var seen = new TensorShape(1, Options.Network.Dimensions == 3 ? depth : 1, height, width, 1);
        return seen.D >= least.D && seen.H >= least.H && seen.W >= least.W ? TiledPrediction.Bytes(this, seen)
            : throw new ArgumentException($"SpocoModel: {Options.Network.FeatureMaps.Count} levels need at least {least.D}x{least.H}x{least.W} voxels, got {seen.D}x{height}x{width}.");
    }

    /// <inheritdoc/>
    public void Dispose() => _holdings.Dispose();

    /// <summary>Lets the device round as the predictions do, until the result is disposed.</summary>
    internal PrecisionScope Rounding() => new(Device, Precision);

    private Prediction Results(Volume<float> image, bool withMomentum) => new(
        new Volume<float>(image.Depth, image.Height, image.Width, Options.EmbeddingDimensions) { VoxelSize = image.VoxelSize },
        withMomentum ? new Volume<float>(image.Depth, image.Height, image.Width, Options.EmbeddingDimensions) : null,
        Options.Foreground ? new Volume<float>(image.Depth, image.Height, image.Width) { VoxelSize = image.VoxelSize } : null);

    private void RequireArrays(int depth, int height, int width)
    {
        if ((long)depth * height * width * Options.EmbeddingDimensions is var values && values > Array.MaxLength)
            throw new ArgumentException($"SpocoModel: the embeddings of {depth}x{height}x{width} voxels are {values} numbers, more than one array holds; "
                + "read them part by part (TiledPrediction).");
    }

    /// <summary>Holds a network's weights where it is run several times for the image.</summary>
    private IDisposable? Hold(UNet net, Volume<float> image) => image.Depth > DepthAtOnce(image) ? net.Parameters.Hold() : null;

    private void RequireRoom(int depth, int height, int width)
    {
        var least = Options.Network.MinimumSize;
        if ((Options.Network.Dimensions == 3 && depth < least.D) || height < least.H || width < least.W)
            return;
        var (bytes, voxels) = (PredictionBytes(depth, height, width), (Options.Network.Dimensions == 3 ? depth : 1L) * height * width);
        if (voxels * EmbeddingNet.Options.OutputChannels > Array.MaxLength || (long)depth * height * width * Options.EmbeddingDimensions > Array.MaxLength)
            throw new ArgumentException($"SpocoModel: predicting {depth}x{height}x{width} voxels at once needs {Gibibytes(bytes)} GiB and longer arrays than there are; "
                + "give a limit for the memory, or read the embeddings part by part (TiledPrediction).");
        if (Device.Capabilities.OnHost && bytes > GC.GetGCMemoryInfo().TotalAvailableMemoryBytes)
            throw new DeviceMemoryException($"SpocoModel: predicting {depth}x{height}x{width} voxels at once needs {Gibibytes(bytes)} GiB, the machine has "
                + $"{Gibibytes(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes)}; give a limit for the memory, or read the embeddings part by part (TiledPrediction).");

        static string Gibibytes(long bytes) => (bytes / (double)(1 << 30)).ToString("f1", System.Globalization.CultureInfo.InvariantCulture);
    }

    private void Require(Volume<float> image)
    {
        ArgumentNullException.ThrowIfNull(image);
        RequireRoom(image.Depth, image.Height, image.Width);
        if (Primitives.FiniteNumbers.IndexOfOther(image.Data) >= 0)
            throw new ArgumentException("SpocoModel: the image holds values that are infinite or not a number.");
    }

    private int DepthAtOnce(Volume<float> image) => Options.Network.Dimensions == 3 ? image.Depth : 1;

    private ForwardWatch Watch(Volume<float> image, int networks, IProgress<double>? progress, CancellationToken cancellation)
    {
        var watch = new ForwardWatch(EmbeddingNet.Options, progress, cancellation);
        for (var i = 0; i < image.Depth / DepthAtOnce(image) * networks; i++)
            watch.Expect(new TensorShape(1, DepthAtOnce(image), image.Height, image.Width, 1));
        return watch;
    }

    private void Predict(
        UNet net, Volume<float> image, int z, Volume<float> embeddings, Volume<float>? foreground, DeviceBuffer<float> onDevice, ForwardWatch watch)
    {
        using var scope = new TensorScope();
        var y = Forward(net, image, z, watch);
        var (first, voxels, d) = (z * image.Height * image.Width, (int)y.Shape.Voxels, Options.EmbeddingDimensions);
        Take(y, embeddings.Data.AsSpan(first * d, voxels * d), foreground is null ? [] : foreground.Data.AsSpan(first, voxels),
            onDevice.IsNull ? default : onDevice.Slice((long)first * d, (long)voxels * d));
    }

    /// <summary>What a network says of all of a volume, or of one slice, in the surrounding scope.</summary>
    private Tensor Forward(UNet net, Volume<float> image, int z, ForwardWatch watch)
    {
        using var scope = new TensorScope();
        using var pause = Gradients.NoRecording();
        using var rounding = Rounding();
        var shape = new TensorShape(1, DepthAtOnce(image), image.Height, image.Width, image.Channels);
        var x = Tensor.From(Device, shape, image.Data.AsSpan(z * image.Height * image.Width * image.Channels, checked((int)shape.Count)));
        return scope.Keep(net.Forward(x, default, watch)!);
    }
}
