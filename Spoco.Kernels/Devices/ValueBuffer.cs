namespace Spoco.Kernels;

/// <summary>Values on a device as they are stored: of single precision, or brain floating-point numbers, which take half the memory. A buffer of floats is one.</summary>
/// <param name="Bytes">The memory; default = none.</param>
/// <param name="Type"><see cref="ElementType.F32"/> or <see cref="ElementType.BF16"/>.</param>
internal readonly record struct ValueBuffer(DeviceBuffer<byte> Bytes, ElementType Type)
{
    /// <summary>Values of single precision.</summary>
    public static implicit operator ValueBuffer(DeviceBuffer<float> values) => new(values.Cast<byte>(), ElementType.F32);

    /// <summary>How many.</summary>
    public long Length => Bytes.Length / Type.Bytes();

    /// <summary>Whether there are none (an optional argument that was left out).</summary>
    public bool IsNull => Bytes.IsNull;

    /// <summary>The device that holds them.</summary>
    public ComputeDevice Device => Bytes.Device;

    /// <summary>The values, for an algorithm that knows single precision alone.</summary>
    /// <exception cref="InvalidOperationException">They are of another type.</exception>
    public DeviceBuffer<float> Single => Type == ElementType.F32
        ? Bytes.Cast<float>()
        : throw new InvalidOperationException($"{Bytes.Memory.Owner}: holds {Type}, and the algorithm takes {ElementType.F32} only.");

    /// <summary>Address of the first value, for algorithms on the host.</summary>
    /// <exception cref="InvalidOperationException">They are of another type, or not on the host.</exception>
    public unsafe float* HostAddress => Single.HostAddress;

    /// <summary>The values, for kernels.</summary>
    public ValueView View => Type == ElementType.F32 ? ValueView.Of(Bytes.Cast<float>().View) : ValueView.Of(Bytes.Cast<ushort>().View);
}
