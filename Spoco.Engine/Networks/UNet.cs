using Spoco.Engine.Ops;
using Spoco.Kernels;

namespace Spoco.Engine.Networks;

/// <summary>
/// U-Net: encoder levels of two convolution units with max pooling between them; decoder levels of nearest upsampling to the skip's size,
/// concatenation (skip first) and two units; a last convolution of size 1 without activation. Any image size from
/// <see cref="UNetOptions.MinimumSize"/> on. Parameter names are those of the reference's state_dict.
/// </summary>
public sealed class UNet : IDisposable
{
    private readonly Level[] _encoders;
    private readonly Level[] _decoders;
    private readonly Tensor _finalWeight;
    private readonly Tensor _finalBias;

    /// <summary>Makes a network with undefined (zero) parameters: <see cref="ParameterStore.Initialise"/> or a checkpoint fills them.</summary>
    /// <param name="device">Where it is to live.</param>
    /// <param name="options">The architecture.</param>
    /// <param name="trained">Whether gradients are wanted; false for the momentum network and for prediction.</param>
    /// <exception cref="ArgumentException">The options break a rule.</exception>
    public UNet(ComputeDevice device, UNetOptions options, bool trained = true)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        Options = options;
        _encoders = Array.ConvertAll(UNetLevel.Encoders(options), level => new Level(level, options));
        _decoders = Array.ConvertAll(UNetLevel.Decoders(options), level => new Level(level, options));
        Parameters = new ParameterStore(device, Specs(options, _encoders.Concat(_decoders)), trained);
        foreach (var (first, second) in _encoders.Concat(_decoders))
        {
            first.Bind(Parameters);
            second.Bind(Parameters);
        }

        _finalWeight = Parameters[FinalWeight];
        _finalBias = Parameters[FinalBias];
    }

    private static string FinalWeight => $"{ParameterNames.Last}.{ParameterNames.Weight}";

    private static string FinalBias => $"{ParameterNames.Last}.{ParameterNames.Bias}";

    /// <summary>The architecture.</summary>
    public UNetOptions Options { get; }

    /// <summary>The parameters and their gradients.</summary>
    public ParameterStore Parameters { get; }

    /// <summary>The arrays that a network of an architecture has, in the order of the reference's state_dict; takes no memory.</summary>
    /// <exception cref="ArgumentException">The options break a rule.</exception>
    public static IReadOnlyList<ParameterSpec> Specs(UNetOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        return Specs(options, UNetLevel.Encoders(options).Concat(UNetLevel.Decoders(options)).Select(level => new Level(level, options)));
    }

    /// <summary>The output of the network, recorded for the gradient where one is wanted.</summary>
    /// <param name="x">[N, D, H, W, input channels]; D = 1 for a 2D network, or N slices as N images.</param>
    /// <param name="training">Batch norm uses and updates statistics of the batch; false = running statistics.</param>
    /// <param name="bottleneckDropout">Spatial dropout of the coarsest level's result; null = none.</param>
    /// <returns>[N, D, H, W, output channels].</returns>
    /// <exception cref="ArgumentException">Channels or size do not fit the network.</exception>
    public Tensor Forward(Tensor x, bool training, (float Probability, long Seed)? bottleneckDropout = null) =>
        Forward(x, training, bottleneckDropout, default, new ForwardWatch(Options, null, default))!;

    /// <summary>Applies the network, in evaluation, to a part of an image.</summary>
    /// <param name="x">The part, [1, D, H, W, input channels].</param>
    /// <param name="part">What it is a part of.</param>
    /// <param name="watch">Told of every unit.</param>
    /// <returns>[1, D, H, W, output channels]; null where the statistics of a group norm were not known: they have been measured.</returns>
    internal Tensor? Forward(Tensor x, ImagePart part, ForwardWatch watch) => Forward(x, false, null, part, watch);

    private Tensor? Forward(Tensor x, bool training, (float Probability, long Seed)? bottleneckDropout, ImagePart part, ForwardWatch watch)
    {
        ArgumentNullException.ThrowIfNull(x);
        if (x.Shape.C != Options.InputChannels)
            throw new ArgumentException($"UNet: the image has {x.Shape.C} channels, the network expects {Options.InputChannels} (image {x.Shape}).");
        var least = Options.MinimumSize;
        if (x.Shape.D < least.D || x.Shape.H < least.H || x.Shape.W < least.W)
            throw new ArgumentException($"UNet: {Options.FeatureMaps.Count} levels need at least {least.D}x{least.H}x{least.W} voxels, got {x.Shape}.");
        if (Options.Dimensions == 2 && x.Shape.D != 1)
            throw new ArgumentException($"UNet: a 2D network takes one slice at a time, got {x.Shape}.");

        using var scope = new TensorScope();
        var window = Options.PoolWindow;
        var map = new FeatureMap(x);

        // Dropout, and what measures statistics over the parts of an image, take single precision.
        var narrow = part.Statistics is null && bottleneckDropout is null;
        var skips = new FeatureMap[_encoders.Length - 1];
        var parts = new ImagePart[_encoders.Length];
        for (var i = 0; i < _encoders.Length; i++)
        {
            var deepest = i == skips.Length;
            parts[i] = part;
            if (_encoders[i].Forward(map, null, training, new NextOperations(Norm: true, deepest ? null : window, narrow), part, watch) is not var (y, pooled))
                return null;
            part = part.Pooled(window);
            map = pooled ?? y;
            if (!deepest)
                skips[i] = y;
        }

        if (bottleneckDropout is var (probability, seed))
        {
            var whole = map;
            map = new FeatureMap(Dropout.Apply(whole.Values, probability, seed));
            whole.Release();
        }

        for (var i = 0; i < _decoders.Length; i++)
        {
            var skip = skips[^(i + 1)];
            var next = new NextOperations(Norm: i + 1 < _decoders.Length, Window: null, narrow);
            if (_decoders[i].Forward(skip, map, training, next, parts[^(i + 2)], watch) is not var (y, _))
                return null;
            map = y;
            // Released here, not at the end of the scope: without a graph the peak is lower by the coarser skips.
            skip.Release();
        }

        return scope.Keep(Convolution.Apply(map.Values, _finalWeight, _finalBias));
    }

    /// <inheritdoc/>
    public void Dispose() => Parameters.Dispose();

    private static ParameterSpec[] Specs(UNetOptions options, IEnumerable<Level> levels)
    {
        var finest = options.FeatureMaps[0];
        return
        [
            .. levels.SelectMany(level => level.First.Specs().Concat(level.Second.Specs())),
            new ParameterSpec(FinalWeight, new WeightShape(1, 1, 1, finest, options.OutputChannels), ParameterKind.ConvolutionWeight, finest),
            new ParameterSpec(FinalBias, TensorShape.Vector(options.OutputChannels), ParameterKind.Bias, finest),
        ];
    }

    /// <summary>Two convolution units.</summary>
    private sealed record Level(ConvolutionUnit First, ConvolutionUnit Second)
    {
        public Level(UNetLevel level, UNetOptions options)
            : this(
                new ConvolutionUnit(ParameterNames.Unit(level.Name, 1), level.Inputs, level.Middle, options),
                new ConvolutionUnit(ParameterNames.Unit(level.Name, 2), level.Middle, level.Outputs, options))
        {
        }

        /// <summary>Applies the level to x, or to x joined with a smaller tensor, which is released.</summary>
        public (FeatureMap Y, FeatureMap? Pooled)? Forward(
            FeatureMap x, FeatureMap? small, bool training, NextOperations next, ImagePart part, ForwardWatch watch)
        {
            using var scope = new TensorScope();
            if (First.Forward(x, small, training, new NextOperations(Norm: true, Window: null, next.Narrow), part) is not var (middle, _))
                return null;
            watch.Step(middle.Shape);
            if (Second.Forward(middle, null, training, next, part) is not var (y, pooled))
                return null;
            watch.Step(y.Shape);
            return (y.KeepIn(scope), pooled?.KeepIn(scope));
        }
    }
}
