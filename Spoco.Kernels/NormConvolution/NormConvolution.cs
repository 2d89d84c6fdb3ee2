namespace Spoco.Kernels.Primitives;

/// <summary>
/// Normalisation, convolution and activation in one: y = f(norm(x, small enlarged) * weight). The normalised tensor is made while the
/// convolution reads
/// it, and the enlarged and joined one never exists; the gradient makes it again from x. For the host; see <see cref="NormConvolutionShape.Of"/>.
/// </summary>
public static class NormConvolution
{
    /// <summary>Computes mean and rstd of every group, and updates running averages where given.</summary>
    /// <param name="shape">Geometry.</param>
    /// <param name="eps">Added to the variance.</param>
    /// <param name="x">Input.</param>
    /// <param name="small">Second input; default where the geometry has none.</param>
    /// <param name="mean">Result, one per statistic.</param>
    /// <param name="rstd">Result, one per statistic.</param>
    /// <param name="running">Running averages (batch normalisation); default = none.</param>
    /// <param name="moments">Of x, as in <see cref="NormConvolutionResults"/>; default = computed here.</param>
    /// <param name="smallMoments">The same of the second input.</param>
    /// <exception cref="ArgumentException">A buffer does not fit the geometry, or is on another device.</exception>
    public static void Statistics(
        NormConvolutionShape shape, float eps, DeviceBuffer<float> x, DeviceBuffer<float> small, DeviceBuffer<float> mean, DeviceBuffer<float> rstd,
        RunningStatistics running = default, DeviceBuffer<double> moments = default, DeviceBuffer<double> smallMoments = default)
    {
        var host = Inputs(shape, x, small);
        Require(host, mean, shape.Statistics, nameof(mean));
        Require(host, rstd, shape.Statistics, nameof(rstd));
        if (!running.Mean.IsNull)
        {
            if (!shape.WholeBatch)
                throw new ArgumentException("NormConvolution: running averages need statistics of the whole batch.");
            Require(host, running.Mean, shape.Groups, "running mean");
            Require(host, running.Variance, shape.Groups, "running variance");
        }

        Optional(host, moments, 2 * shape.Input.N * shape.Input.C, nameof(moments));
        Optional(host, smallMoments, 2 * shape.Small.N * shape.Small.C, nameof(smallMoments));
        NormConvolutionHost.Statistics(host, shape, eps, x, small, mean, rstd, running, moments, smallMoments);
    }

    /// <summary>y = f(((x, small) - mean) rstd gamma + beta) * weight).</summary>
    /// <param name="shape">Geometry.</param>
    /// <param name="x">Input.</param>
    /// <param name="small">Second input; default where the geometry has none.</param>
    /// <param name="norm">Scale and offset per channel, mean and rstd per statistic.</param>
    /// <param name="weight">[kD,3,3,Cin,Cout].</param>
    /// <param name="results">y, and what else is wanted.</param>
    /// <param name="activation">f: identity, ReLU or LeakyReLU.</param>
    /// <exception cref="ArgumentException">A buffer does not fit the geometry, or is on another device.</exception>
    public static void Forward(
        NormConvolutionShape shape, DeviceBuffer<float> x, DeviceBuffer<float> small, in NormBuffers norm, DeviceBuffer<float> weight,
        in NormConvolutionResults results, ActivationFunction activation)
    {
        var host = Inputs(shape, x, small);
        Norm(host, shape, norm);
        Require(host, weight, shape.Weight.Count, nameof(weight));
        Require(host, results.Y, shape.Output.Count, "y");
        Optional(host, results.Moments, 2 * shape.Output.N * shape.Output.C, "moments");
        if (!results.Pooled.IsNull)
        {
            if (!shape.Pools(results.Pool))
                throw new ArgumentException($"NormConvolution: cannot take the maxima of {results.Pool} over {shape.Output}.");
            Require(host, results.Pooled, results.Pool.Output.Count, "pooled");
            Optional(host, results.Places, results.Pool.Output.Count, "places");
            Optional(host, results.PooledMoments, 2 * results.Pool.N * results.Pool.C, "moments of the maxima");
        }

        NormConvolutionHost.Forward(host, shape, x, small, norm, weight, results, Slope(activation));
    }

    /// <summary>The gradients, each of which may be left out.</summary>
    /// <param name="shape">Geometry.</param>
    /// <param name="dy">Gradient of y.</param>
    /// <param name="y">The result of the forward pass.</param>
    /// <param name="x">Input.</param>
    /// <param name="small">Second input; default where the geometry has none.</param>
    /// <param name="norm">As in the forward pass.</param>
    /// <param name="weight">[kD,3,3,Cin,Cout].</param>
    /// <param name="activation">f.</param>
    /// <param name="constantStatistics">Whether mean and rstd do not depend on the inputs (running averages).</param>
    /// <param name="gradients">Results.</param>
    /// <exception cref="ArgumentException">A buffer does not fit the geometry, or is on another device.</exception>
    public static void Backward(
        NormConvolutionShape shape, DeviceBuffer<float> dy, DeviceBuffer<float> y, DeviceBuffer<float> x, DeviceBuffer<float> small,
        in NormBuffers norm,
        DeviceBuffer<float> weight, ActivationFunction activation, bool constantStatistics, in NormConvolutionGradients gradients)
    {
        var host = Inputs(shape, x, small);
        Norm(host, shape, norm);
        Require(host, dy, shape.Output.Count, nameof(dy));
        Require(host, y, shape.Output.Count, nameof(y));
        Require(host, weight, shape.Weight.Count, nameof(weight));
        Optional(host, gradients.Input, shape.Input.Count, "dx");
        Optional(host, gradients.Small, shape.Small.Count, "dsmall");
        Optional(host, gradients.Gamma, shape.Channels, "dgamma");
        Optional(host, gradients.Beta, shape.Channels, "dbeta");
        Optional(host, gradients.Weight, shape.Weight.Count, "dweight");
        NormConvolutionHost.Backward(host, shape, dy, y, x, small, norm, weight, Slope(activation), constantStatistics, gradients);
    }

    private static float Slope(ActivationFunction activation) => activation.Kind switch
    {
        ActivationKind.Identity => 1,
        ActivationKind.LeakyRelu => activation.Slope,
        _ => throw new ArgumentException($"NormConvolution: the activation must be identity, ReLU or LeakyReLU, got {activation}."),
    };

    private static HostDevice Inputs(NormConvolutionShape shape, DeviceBuffer<float> x, DeviceBuffer<float> small)
    {
        if (x.Device is not HostDevice host)
            throw new ArgumentException($"NormConvolution: runs on the host, the input is on {x.Device.Name}.");
        Require(host, x, shape.Input.Count, nameof(x));
        if (shape.HasSmall)
            Require(host, small, shape.Small.Count, nameof(small));
        return host;
    }

    private static void Norm(HostDevice host, NormConvolutionShape shape, in NormBuffers norm)
    {
        Require(host, norm.Gamma, shape.Channels, "gamma");
        Require(host, norm.Beta, shape.Channels, "beta");
        Require(host, norm.Mean, shape.Statistics, "mean");
        Require(host, norm.Rstd, shape.Statistics, "rstd");
    }

    private static void Optional<T>(HostDevice host, DeviceBuffer<T> buffer, long length, string name) where T : unmanaged
    {
        if (!buffer.IsNull)
            Require(host, buffer, length, name);
    }

    private static void Require<T>(HostDevice host, DeviceBuffer<T> buffer, long length, string name) where T : unmanaged
    {
        if (buffer.Length != length)
            throw new ArgumentException($"NormConvolution: {name} has {buffer.Length} elements, expected {length}.");
        if (buffer.Device != host)
            throw new ArgumentException($"NormConvolution: {name} is on device {buffer.Device.Name}, the input on {host.Name}.");
    }
}
