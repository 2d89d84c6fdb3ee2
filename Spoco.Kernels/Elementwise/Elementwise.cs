using System.Numerics;
using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>y_i = f(a_i, b_i) for every element: sums, products, scaling, activations and their gradients.</summary>
public static class Elementwise
{
    /// <summary>y = f(a, b). The output may be one of the inputs.</summary>
    /// <param name="a">First values.</param>
    /// <param name="b">Second values, as many; for a function of one value pass <paramref name="a"/> again.</param>
    /// <param name="y">Results, as many.</param>
    /// <param name="function">f.</param>
    /// <exception cref="ArgumentException">The lengths or devices differ, or the operator's type is not public: kernel compilers refuse it then.</exception>
    public static void Apply<TOperator>(DeviceBuffer<float> a, DeviceBuffer<float> b, DeviceBuffer<float> y, TOperator function)
        where TOperator : unmanaged, IElementwiseOperator
    {
        if (!Visibility<TOperator>.IsPublic)
            throw new ArgumentException($"{typeof(TOperator).Name}: an elementwise operator has to be a public type, and the types around it, too.");
        if (a.Length != b.Length || a.Length != y.Length)
            throw new ArgumentException($"{typeof(TOperator).Name}: lengths differ: {a.Length}, {b.Length} and {y.Length}.");
        if (a.Device != b.Device || a.Device != y.Device)
            throw new ArgumentException($"{typeof(TOperator).Name}: devices differ: {a.Device.Name}, {b.Device.Name} and {y.Device.Name}.");
        switch (y.Device)
        {
            case HostDevice host:
                ElementwiseHost.Apply(host, a, b, y, function);
                break;
            case IlgpuDevice gpu:
                gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, ArrayView<float>, ArrayView<float>, TOperator>(
                    ElementwiseSimt.Apply))(IlgpuDevice.Extent(y.Length, typeof(TOperator).Name), a.View, b.View, y.View, function);
                break;
        }
    }

    /// <summary>sum += b, in place.</summary>
    public static void AddInto(DeviceBuffer<float> sum, DeviceBuffer<float> b) => Apply(sum, b, sum, default(AddOperator));

    /// <summary>Sets every element to <paramref name="value"/>.</summary>
    public static void Fill(DeviceBuffer<float> y, float value)
    {
        if (y.Device is HostDevice)
            y.Span.Fill(value);
        else
            ((IlgpuDevice)y.Device).Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, float>(ElementwiseSimt.Fill))(
                IlgpuDevice.Extent(y.Length, nameof(Fill)), y.View, value);
    }

    private static class Visibility<TOperator>
    {
        public static readonly bool IsPublic = typeof(TOperator).IsVisible;
    }
}
