namespace Spoco.Kernels.Primitives;

/// <summary>
/// Normalisation, convolution and activation in one: y = f(norm(x, small enlarged) * weight). The normalised tensor is made while the convolution reads it,
/// and the enlarged and joined one never exists, where the device has such kernels for the shape; the gradient makes them again from x.
/// </summary>
internal static class NormConvolution
{
    internal static readonly Chooser<NormConvolutionAlgorithm, NormConvolutionShape> Chooser =
        new(nameof(NormConvolution), new NormConvolutionWinograd(), new NormConvolutionMatrix(), new NormConvolutionSimt(), new NormConvolutionSeparate());

    /// <summary>Whether the maxima over windows of the result can be taken while it is written.</summary>
    public static bool Pools(ComputeDevice device, in NormConvolutionShape shape, in PoolingShape pool) =>
        pool.Input == shape.Output && Chooser.For(device, shape).Pools(shape, pool);

    /// <summary>The type that the result, and its maxima, may be stored as where what follows is another unit, or a <see cref="Convolution"/>.</summary>
    public static ElementType Storage(ComputeDevice device, in NormConvolutionShape shape) => Chooser.For(device, shape).Storage(device);

    /// <summary>Floats of the moments of the result, and of its maxima.</summary>
    /// <param name="device">Device.</param>
    /// <param name="shape">The unit.</param>
    /// <param name="pool">Windows of the maxima; default = there are none.</param>
    public static long MomentsLength(ComputeDevice device, in NormConvolutionShape shape, in PoolingShape pool = default) =>
        Chooser.For(device, shape).MomentsLength(device, shape, pool);

    /// <summary>Floats of the statistics: mean and 1 / sqrt(variance + eps) of every group, and what the device makes of them.</summary>
    public static long StatisticsLength(ComputeDevice device, in NormConvolutionShape shape) => Chooser.For(device, shape).StatisticsLength(shape);

    /// <summary>Computes the statistics of the inputs, and updates running averages where given.</summary>
    /// <param name="shape">The unit.</param>
    /// <param name="inputs">Inputs, and their moments where these are known.</param>
    /// <param name="norm">Scale, offset and eps.</param>
    /// <param name="running">Running averages (batch normalisation); default = none.</param>
    /// <param name="statistics">Result, of <see cref="StatisticsLength"/>.</param>
    /// <exception cref="ArgumentException">A buffer does not fit the unit, or is on another device.</exception>
    public static void Measure(
        in NormConvolutionShape shape, in NormConvolutionInputs inputs, in NormParameters norm, RunningStatistics running, DeviceBuffer<float> statistics)
    {
        var algorithm = Chooser.For(statistics.Device, shape);
        var arguments = Inputs(algorithm, shape, inputs, norm, statistics);
        if (!running.Mean.IsNull)
        {
            if (!shape.WholeBatch)
                throw new ArgumentException("NormConvolution: running averages need statistics of the whole batch.");
            arguments.Need(running.Mean, shape.Groups, "the running mean").Need(running.Variance, shape.Groups, "the running variance");
        }

        algorithm.Measure(shape, inputs, norm, running, statistics);
    }

    /// <summary>Takes statistics that are known: mean and variance per channel, those of all images.</summary>
    /// <param name="shape">The unit, with statistics of the whole batch.</param>
    /// <param name="norm">Scale, offset and eps.</param>
    /// <param name="mean">Per channel.</param>
    /// <param name="variance">Per channel.</param>
    /// <param name="statistics">Result, of <see cref="StatisticsLength"/>.</param>
    /// <exception cref="ArgumentException">A buffer does not fit the unit, or is on another device.</exception>
    public static void Know(
        in NormConvolutionShape shape, in NormParameters norm, DeviceBuffer<float> mean, DeviceBuffer<float> variance, DeviceBuffer<float> statistics)
    {
        if (!shape.WholeBatch)
            throw new ArgumentException("NormConvolution: known statistics are those of the whole batch.");
        var algorithm = Chooser.For(statistics.Device, shape);
        new Arguments(nameof(NormConvolution), statistics.Device).Need(statistics, algorithm.StatisticsLength(shape), "statistics")
            .Need(norm.Gamma, shape.Channels, "gamma").Need(norm.Beta, shape.Channels, "beta")
            .Need(mean, shape.Channels, "the mean").Need(variance, shape.Channels, "the variance");
        algorithm.Know(shape, norm, mean, variance, statistics);
    }

    /// <summary>y = f(norm(x, small enlarged) * weight), and what follows from it.</summary>
    /// <param name="shape">The unit.</param>
    /// <param name="inputs">Inputs.</param>
    /// <param name="norm">Scale, offset and eps.</param>
    /// <param name="statistics">Of <see cref="Measure"/> or <see cref="Know"/>.</param>
    /// <param name="weight">[kD,kH,kW,Cin,Cout].</param>
    /// <param name="results">y, and what else is wanted.</param>
    /// <exception cref="ArgumentException">A buffer does not fit the unit, or is on another device.</exception>
    public static void Forward(
        in NormConvolutionShape shape, in NormConvolutionInputs inputs, in NormParameters norm, DeviceBuffer<float> statistics, DeviceBuffer<float> weight,
        in NormConvolutionResults results)
    {
        var device = statistics.Device;
        var algorithm = Chooser.For(device, shape);
        var arguments = Inputs(algorithm, shape, inputs, norm, statistics).Need(weight, shape.Weight.Count, "the weight")
            .Need(results.Y, shape.Output.Count, "y");
        if (!results.Pooled.IsNull)
        {
            if (results.Pool.Input != shape.Output || !algorithm.Pools(shape, results.Pool))
                throw new ArgumentException($"NormConvolution: cannot take the maxima of {results.Pool} over {shape.Output}.");
            arguments.Need(results.Pooled, results.Pool.Output.Count, "pooled").Allow(results.Places, results.Pool.Output.Count, "places");
        }

        var moments = algorithm.MomentsLength(device, shape, results.Pooled.IsNull ? default : results.Pool);
        arguments.Allow(results.Moments, moments, "moments").Allow(results.PooledMoments, moments, "moments of the maxima");
        algorithm.Forward(shape, inputs, norm, statistics, weight, results);
    }

    /// <summary>The gradients, each of which may be left out.</summary>
    /// <param name="shape">The unit.</param>
    /// <param name="dy">Gradient of y.</param>
    /// <param name="y">The result of the forward pass.</param>
    /// <param name="inputs">Inputs; their moments are not needed.</param>
    /// <param name="norm">As in the forward pass.</param>
    /// <param name="statistics">As in the forward pass.</param>
    /// <param name="weight">[kD,kH,kW,Cin,Cout].</param>
    /// <param name="constantStatistics">Whether the statistics do not depend on the inputs (<see cref="Know"/>).</param>
    /// <param name="gradients">Results.</param>
    /// <exception cref="ArgumentException">A buffer does not fit the unit, or is on another device.</exception>
    public static void Backward(
        in NormConvolutionShape shape, ValueBuffer dy, ValueBuffer y, in NormConvolutionInputs inputs, in NormParameters norm,
        DeviceBuffer<float> statistics, DeviceBuffer<float> weight, bool constantStatistics, in NormConvolutionGradients gradients)
    {
        var algorithm = Chooser.For(statistics.Device, shape);
        Inputs(algorithm, shape, inputs, norm, statistics).Need(dy, shape.Output.Count, "dy").Need(y, shape.Output.Count, "y")
            .Need(weight, shape.Weight.Count, "the weight").Allow(gradients.Input, shape.Input.Count, "dx").Allow(gradients.Small, shape.Small.Count, "dsmall")
            .Allow(gradients.Gamma, shape.Channels, "dgamma").Allow(gradients.Beta, shape.Channels, "dbeta")
            .Allow(gradients.Weight, shape.Weight.Count, "dweight");
        algorithm.Backward(shape, dy, y, inputs, norm, statistics, weight, constantStatistics, gradients);
    }

    /// <summary>Bytes that <see cref="Forward"/> takes for its time: of memory of its own, and of the device's workspace.</summary>
    internal static (long Temporary, long Workspace) Memory(ComputeDevice device, in NormConvolutionShape shape) =>
        Chooser.For(device, shape).Memory(device, shape);

    private static Arguments Inputs(
        NormConvolutionAlgorithm algorithm, in NormConvolutionShape shape, in NormConvolutionInputs inputs, in NormParameters norm,
        DeviceBuffer<float> statistics) =>
        new Arguments(nameof(NormConvolution), statistics.Device).Need(statistics, algorithm.StatisticsLength(shape), "statistics")
            .Need(inputs.X, shape.Input.Count, "x").Need(inputs.Small, shape.Small.Count, "the second tensor")
            .Need(norm.Gamma, shape.Channels, "gamma").Need(norm.Beta, shape.Channels, "beta");
}
