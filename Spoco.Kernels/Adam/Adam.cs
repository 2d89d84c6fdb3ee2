using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Adam as torch.optim.Adam computes it, over all parameters in one sweep: g += decay p, m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2,
/// p -= rate / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + eps).
/// </summary>
public static class Adam
{
    /// <summary>One step.</summary>
    /// <param name="parameters">p, updated.</param>
    /// <param name="gradients">Gradient of the loss; cleared where asked for, else left as it is.</param>
    /// <param name="firstMoment">m, updated; zero before the first step.</param>
    /// <param name="secondMoment">v, updated; zero before the first step.</param>
    /// <param name="settings">Rates.</param>
    /// <param name="step">t, counted from 1.</param>
    /// <param name="clearGradients">Sets the gradients to zero in the same sweep, ready for the next accumulation.</param>
    /// <exception cref="ArgumentException">Lengths or devices differ, the step is below 1, or a setting is out of range.</exception>
    public static void Step(
        DeviceBuffer<float> parameters, DeviceBuffer<float> gradients, DeviceBuffer<float> firstMoment, DeviceBuffer<float> secondMoment,
        AdamSettings settings, int step, bool clearGradients = true)
    {
        ArgumentNullException.ThrowIfNull(settings);
        settings.Validate();
        if (step < 1)
            throw new ArgumentException($"Adam: steps count from 1, got {step}.");
        Require(parameters, gradients, nameof(gradients));
        Require(parameters, firstMoment, nameof(firstMoment));
        Require(parameters, secondMoment, nameof(secondMoment));
        var factors = AdamFactors.Of(settings, step);
        if (parameters.Device is HostDevice host)
            AdamHost.Step(host, parameters, gradients, firstMoment, secondMoment, factors, clearGradients);
        else
            ((IlgpuDevice)parameters.Device).Kernel(static a =>
                a.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>,
                    AdamFactors, int>(AdamSimt.Step))(
                IlgpuDevice.Extent(parameters.Length, nameof(Adam)), parameters.View, gradients.View, firstMoment.View, secondMoment.View,
                factors, clearGradients ? 1 : 0);
    }

    private static void Require(DeviceBuffer<float> parameters, DeviceBuffer<float> buffer, string name)
    {
        if (buffer.Length != parameters.Length)
            throw new ArgumentException($"Adam: {name} has {buffer.Length} elements for {parameters.Length} parameters.");
        if (buffer.Device != parameters.Device)
            throw new ArgumentException($"Adam: {name} is on device {buffer.Device.Name}, the parameters on {parameters.Device.Name}.");
    }
}

/// <summary>The numbers of one step, worked out in double precision.</summary>
/// <param name="Decay">Weight decay.</param>
/// <param name="Keep1">beta1.</param>
/// <param name="Take1">1 - beta1.</param>
/// <param name="Keep2">beta2.</param>
/// <param name="Take2">1 - beta2.</param>
/// <param name="Rate">rate / (1 - beta1^t).</param>
/// <param name="Root">1 / sqrt(1 - beta2^t).</param>
/// <param name="Epsilon">eps.</param>
public readonly record struct AdamFactors(float Decay, float Keep1, float Take1, float Keep2, float Take2, float Rate, float Root, float Epsilon)
{
    internal static AdamFactors Of(AdamSettings s, int step) => new(
        (float)s.WeightDecay, (float)s.Beta1, (float)(1 - s.Beta1), (float)s.Beta2, (float)(1 - s.Beta2),
        (float)(s.LearningRate / (1 - Math.Pow(s.Beta1, step))), (float)(1 / Math.Sqrt(1 - Math.Pow(s.Beta2, step))), (float)s.Epsilon);
}
