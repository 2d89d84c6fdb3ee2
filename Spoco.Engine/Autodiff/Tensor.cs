using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine;

/// <summary>
/// Values on a device, [N, D, H, W, C] with C fastest, and their place in the graph of recorded operations. They are of single precision unless
/// <see cref="ElementType"/> says otherwise; tensors of other types are stored, copied and cast (<see cref="Ops.Cast"/>).
/// A tensor belongs to the <see cref="TensorScope"/> it was made in and is released with it; one made outside any scope is released by
/// <see cref="Dispose"/>. Memory goes back to the pool when the scope and every operation that saved the tensor have released it.
/// </summary>
public sealed class Tensor : IDisposable
{
    private readonly DeviceBuffer<byte> _bytes;
    private readonly Tensor? _owner;
    private readonly bool _ownsMemory;
    private int _references = 1;

    private Tensor(DeviceBuffer<byte> bytes, ElementType type, TensorShape shape, Tensor? owner, bool ownsMemory)
    {
        _bytes = bytes;
        ElementType = type;
        _owner = owner;
        _ownsMemory = ownsMemory;
        Shape = shape;
        Device = bytes.Device;
        owner?.Retain();
    }

    /// <summary>[N, D, H, W, C], C fastest.</summary>
    public TensorShape Shape { get; }

    /// <summary>The type that the values are stored as.</summary>
    public ElementType ElementType { get; }

    /// <summary>The device whose memory holds the values.</summary>
    public ComputeDevice Device { get; }

    /// <summary>Whether a gradient with respect to this tensor is wanted: it is a parameter, or computed from one.</summary>
    public bool RequiresGradient { get; private set; }

    /// <summary>The accumulated gradient of a leaf (a tensor with <see cref="RequiresGradient"/> that no operation made); null before the first.</summary>
    public Tensor? Gradient { get; internal set; }

    /// <summary>The values, of single precision: what nearly every operation takes.</summary>
    /// <exception cref="ObjectDisposedException">The tensor was released.</exception>
    /// <exception cref="InvalidOperationException">They are of another type.</exception>
    public DeviceBuffer<float> Buffer => BufferOf<float>();

    /// <summary>The values byte by byte, of any type.</summary>
    /// <exception cref="ObjectDisposedException">The tensor was released.</exception>
    public DeviceBuffer<byte> Bytes => _references > 0
        ? _bytes
        : throw new ObjectDisposedException(nameof(Tensor), $"Tensor {Shape}: used after it was released (is it kept beyond its TensorScope?).");

    /// <summary>Whether <see cref="Gradient"/> is known to be zero everywhere, so that the first gradient may overwrite it.</summary>
    internal bool GradientIsZero { get; set; }

    internal GradientNode? Node { get; private set; }

    internal TensorScope? Scope { get; set; }

    /// <summary>Whether nobody but the one holder can see the values: they may then be overwritten.</summary>
    internal bool IsExclusive => _ownsMemory && _references == 1;

    /// <summary>A tensor with undefined values.</summary>
    /// <param name="device">Where it is to live.</param>
    /// <param name="shape">Its extents, each at least 1.</param>
    /// <param name="owner">What it is for; named when memory runs out.</param>
    /// <param name="type">Type of its values.</param>
    /// <exception cref="ArgumentException">An extent is below 1.</exception>
    public static Tensor Empty(ComputeDevice device, TensorShape shape, string owner = "Tensor", ElementType type = ElementType.F32)
    {
        ArgumentNullException.ThrowIfNull(device);
        if (!shape.IsValid)
            throw new ArgumentException($"{owner}: every extent must be at least 1, got {shape}.");
        var tensor = new Tensor(device.Allocate<byte>(shape.Count * type.Bytes(), owner), type, shape, null, true);
        TensorScope.Register(tensor);
        return tensor;
    }

    /// <summary>A tensor of zeros.</summary>
    public static Tensor Zeros(ComputeDevice device, TensorShape shape, string owner = "Tensor")
    {
        var tensor = Empty(device, shape, owner);
        tensor.Buffer.Clear();
        return tensor;
    }

    /// <summary>A tensor with the given values, C fastest.</summary>
    /// <exception cref="ArgumentException">The number of values does not fit the shape.</exception>
    public static Tensor From(ComputeDevice device, TensorShape shape, ReadOnlySpan<float> values)
    {
        if (values.Length != shape.Count)
            throw new ArgumentException($"Tensor: {values.Length} values do not fill {shape}.");
        var tensor = Empty(device, shape);
        tensor.Buffer.CopyFrom(values);
        return tensor;
    }

    /// <summary>A tensor with one value everywhere.</summary>
    public static Tensor Filled(ComputeDevice device, TensorShape shape, float value)
    {
        var tensor = Empty(device, shape);
        Primitives.Elementwise.Fill(tensor.Buffer, value);
        return tensor;
    }

    /// <summary>A tensor on memory that somebody else owns and releases, for example one parameter within the buffer of all.</summary>
    /// <exception cref="ArgumentException">The buffer has another length than the shape.</exception>
    public static Tensor Wrap(DeviceBuffer<float> buffer, TensorShape shape)
    {
        if (buffer.Length != shape.Count)
            throw new ArgumentException($"Tensor: a buffer of {buffer.Length} elements does not fill {shape}.");
        return new Tensor(buffer.Bytes, ElementType.F32, shape, null, false);
    }

    /// <summary>Declares a leaf whose gradient is wanted.</summary>
    /// <returns>This tensor.</returns>
    public Tensor WithGradient()
    {
        if (Node is not null)
            throw new InvalidOperationException($"Tensor {Shape}: only a tensor that no operation made can become a leaf.");
        RequiresGradient = true;
        return this;
    }

    /// <summary>The same values, cut off from the graph: no gradient flows back through the result.</summary>
    public Tensor Detach() => View(Shape);

    /// <summary>The values as elements of their type: <see cref="float"/>, <see cref="BFloat16"/> or <see cref="Half"/>.</summary>
    /// <exception cref="ObjectDisposedException">The tensor was released.</exception>
    /// <exception cref="InvalidOperationException">They are of another type.</exception>
    public DeviceBuffer<T> BufferOf<T>() where T : unmanaged => ElementTypes.Of<T>() == ElementType
        ? Bytes.Cast<T>()
        : throw new InvalidOperationException(
            $"Tensor {Shape}: holds {ElementType}, and the operation takes {ElementTypes.Of<T>()} only; {nameof(Ops)}.{nameof(Ops.Cast)} gives it that.");

    /// <summary>The values as they are stored, of single precision or narrower, for operations that take both.</summary>
    /// <exception cref="ObjectDisposedException">The tensor was released.</exception>
    internal ValueBuffer Stored => new(Bytes, ElementType);

    /// <summary>A new array with the values; waits for the kernels that write them.</summary>
    public float[] ToArray() => Buffer.ToArray();

    /// <summary>The value of a tensor with one element.</summary>
    /// <exception cref="InvalidOperationException">The tensor has several elements.</exception>
    public float ToScalar()
    {
        if (Shape.Count != 1)
            throw new InvalidOperationException($"Tensor {Shape}: has {Shape.Count} values, not one.");
        Span<float> value = stackalloc float[1];
        Buffer.CopyTo(value);
        return value[0];
    }

    /// <summary>Releases the tensor now instead of at the end of its scope.</summary>
    public void Dispose()
    {
        if (Scope is null && _references <= 0)
            return;
        Scope = null;
        Release();
    }

    /// <inheritdoc/>
    public override string ToString() => $"Tensor {Shape} on {Device.Name}";

    /// <summary>The same memory under another shape, not recorded; <see cref="Ops.Reshape"/> is the differentiable operation.</summary>
    internal Tensor View(TensorShape shape)
    {
        var view = new Tensor(Bytes, ElementType, shape, this, false);
        TensorScope.Register(view);
        return view;
    }

    /// <summary>A tensor that owns <paramref name="buffer"/> and belongs to no scope.</summary>
    internal static Tensor Adopt(DeviceBuffer<float> buffer, TensorShape shape) => new(buffer.Bytes, ElementType.F32, shape, null, true);

    internal void SetNode(GradientNode node)
    {
        Node = node;
        RequiresGradient = true;
    }

    internal void Retain()
    {
        ObjectDisposedException.ThrowIf(_references <= 0, this);
        _references++;
    }

    internal void Release()
    {
        if (--_references != 0)
            return;
        if (_ownsMemory)
            _bytes.Memory.Dispose();
        _owner?.Release();
        Gradient?.Dispose();
    }
}
