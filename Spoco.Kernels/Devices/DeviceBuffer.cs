using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels;

/// <summary>A typed window onto a <see cref="DeviceMemory"/>: what every kernel takes. Copying the struct copies the window, not the memory.</summary>
/// <typeparam name="T">Element type.</typeparam>
public readonly unsafe struct DeviceBuffer<T> where T : unmanaged
{
    private readonly DeviceMemory? _memory;
    private readonly long _offset;

    internal DeviceBuffer(DeviceMemory memory, long offset, long length)
    {
        _memory = memory;
        _offset = offset;
        Length = length;
    }

    /// <summary>Elements in the window.</summary>
    public long Length { get; }

    /// <summary>Elements of the memory before the window.</summary>
    internal long Offset => _offset;

    /// <summary>Whether this is the default value, without memory behind it (an absent optional argument).</summary>
    public bool IsNull => _memory is null;

    /// <summary>The memory under the window.</summary>
    public DeviceMemory Memory => _memory ?? throw new InvalidOperationException("DeviceBuffer: the window has no memory.");

    /// <summary>The device that holds the memory.</summary>
    public ComputeDevice Device => Memory.Device;

    /// <summary>Address of the first element, for kernels on the host.</summary>
    /// <exception cref="InvalidOperationException">The memory is not on the host device.</exception>
    public T* HostAddress
    {
        get
        {
            if (_memory is null)
                return null;
            var pointer = _memory.Block.Pointer;
            return pointer != 0
                ? (T*)pointer + _offset
                : throw new InvalidOperationException($"{_memory.Owner}: memory of device {_memory.Device.Name} has no host address.");
        }
    }

    /// <summary>The window as ILGPU sees it, for its kernels; an empty view for a window without memory.</summary>
    /// <exception cref="InvalidOperationException">The memory is not on an ILGPU device.</exception>
    /// <exception cref="ObjectDisposedException">The memory or its device was released.</exception>
    public ArrayView<T> View
    {
        get
        {
            if (_memory is null)
                return ArrayView<T>.Empty;
            var native = _memory.Block.Native
                ?? throw new InvalidOperationException($"{_memory.Owner}: memory of device {_memory.Device.Name} is not visible to ILGPU.");
            if (native.IsDisposed)
                throw new ObjectDisposedException(_memory.Owner, $"{_memory.Owner}: used after device {_memory.Device.Name} was disposed.");
            return native.AsContiguous().SubView(_offset * sizeof(T), Length * sizeof(T)).Cast<T>();
        }
    }

    /// <summary>The elements as a span, for the host device.</summary>
    /// <exception cref="InvalidOperationException">The memory is not on the host, or longer than a span can be.</exception>
    public Span<T> Span => Length <= int.MaxValue
        ? new Span<T>(HostAddress, (int)Length)
        : throw new InvalidOperationException($"{Memory.Owner}: {Length} elements do not fit a span.");

    /// <summary>A window on the same memory as bytes.</summary>
    public DeviceBuffer<byte> Bytes => Cast<byte>();

    /// <summary>The window of <paramref name="length"/> elements from element <paramref name="offset"/> of this one; nothing is copied.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The part reaches beyond the window.</exception>
    public DeviceBuffer<T> Slice(long offset, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length - offset);
        return new DeviceBuffer<T>(Memory, _offset + offset, length);
    }

    /// <summary>The same bytes as elements of another type; of no memory, no memory.</summary>
    /// <exception cref="ArgumentException">The window does not begin and end on whole elements of that type.</exception>
    public DeviceBuffer<TOther> Cast<TOther>() where TOther : unmanaged
    {
        if (_memory is null)
            return default;
        var (offset, length) = (_offset * sizeof(T), Length * sizeof(T));
        if (offset % sizeof(TOther) != 0 || length % sizeof(TOther) != 0)
            throw new ArgumentException($"{_memory.Owner}: {Length} elements from {_offset} on are no whole elements of {typeof(TOther).Name}.");
        return new DeviceBuffer<TOther>(_memory, offset / sizeof(TOther), length / sizeof(TOther));
    }

    /// <summary>Copies host values into the window: what comes later finds them there. They may be changed at once. Few values are not waited for.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public void CopyFrom(ReadOnlySpan<T> source)
    {
        RequireLength(source.Length);
        if (source.Length == 0)
            return;
        fixed (T* p = source)
            Device.Upload(p, Bytes);
    }

    /// <summary>Copies the window to host values; waits for the kernels that write it.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public void CopyTo(Span<T> destination)
    {
        RequireLength(destination.Length);
        if (destination.Length == 0)
            return;
        fixed (T* p = destination)
            Device.Download(Bytes, p);
    }

    /// <summary>Begins to copy the window to host memory; nobody waits before the values are asked for.</summary>
    internal DeviceRead<T> BeginRead() => DeviceRead<T>.Of(this);

    /// <summary>Copies the window into another one of the same device and length.</summary>
    /// <exception cref="ArgumentException">Another device or length.</exception>
    public void CopyTo(DeviceBuffer<T> destination)
    {
        destination.RequireLength(Length);
        if (destination.Device != Device)
            throw new ArgumentException($"DeviceBuffer: cannot copy from device {Device.Name} to {destination.Device.Name} directly; copy through host memory.");
        if (Length > 0)
            Device.Copy(Bytes, destination.Bytes);
    }

    /// <summary>Sets every byte of the window to zero.</summary>
    public void Clear()
    {
        if (Length > 0)
            Device.Clear(Bytes);
    }

    /// <summary>A new array with the values.</summary>
    public T[] ToArray()
    {
        var values = new T[Length];
        CopyTo(values);
        return values;
    }

    private void RequireLength(long length)
    {
        if (length != Length)
            throw new ArgumentException($"DeviceBuffer: {length} elements do not match a window of {Length} ({Memory.Owner}).");
    }
}
