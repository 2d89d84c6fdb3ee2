using ILGPU.Runtime;

namespace Spoco.Kernels;

/// <summary>How a device is programmed, and with that which algorithms it has.</summary>
public enum DeviceKind
{
    /// <summary>SIMD kernels on host memory.</summary>
    Host,

    /// <summary>NVIDIA GPU through CUDA.</summary>
    Cuda,

    /// <summary>Any OpenCL device with generic address space.</summary>
    OpenCL,

    /// <summary>ILGPU's simulator of a GPU: for debugging and tests, slow.</summary>
    IlgpuCpu,
}

/// <summary>Choices made when a device is opened.</summary>
public sealed record ComputeDeviceOptions
{
    /// <summary>Threads of the <c>cpu</c> device; null = the environment variable SPOCO_THREADS, else one per core.</summary>
    public int? Threads { get; init; }

    /// <summary>
    /// Whether the <c>cpu</c> device may compute convolutions with Winograd's algorithm, which needs less than half the operations and rounds a little more;
    /// null = the environment variable SPOCO_WINOGRAD (0 = no, 1 = yes), else yes.
    /// </summary>
    public bool? Winograd { get; init; }

    /// <summary>Bytes that the buffers of the <c>cpu</c> device may take together; null = what the machine has.</summary>
    public long? MemoryLimit { get; init; }

    /// <summary>
    /// PTX instruction set for CUDA, for example <c>7.8</c>; null = the environment variable SPOCO_PTX_ISA, else what ILGPU chooses for the driver.
    /// </summary>
    public string? PtxInstructionSet { get; init; }

    /// <summary>
    /// Algorithms that operations are to be computed by, <c>operation=algorithm</c> with commas between several, for measurements and tests;
    /// null = the environment variable SPOCO_ALGORITHMS, else what is chosen by shape and device.
    /// </summary>
    public string? Algorithms { get; init; }

    /// <summary>See <see cref="ComputeDevice.Precision"/>; null = <see cref="Precision.F32"/>.</summary>
    public Precision? Precision { get; init; }

    /// <summary>Whether a GPU is to note the times at which its kernels begin and end, for measurements.</summary>
    public bool Profiling { get; init; }
}

/// <summary>
/// Something that holds memory and runs kernels: the host (<c>cpu</c>), a GPU (<c>cuda:0</c>, <c>opencl:0</c>) or ILGPU's simulator (<c>ilgpu-cpu</c>).
/// A device is used by one thread at a time; several devices may be used side by side. Memory is taken and returned by any thread at any time, and
/// returned also after the device was disposed.
/// </summary>
public abstract class ComputeDevice : IDisposable
{
    private protected ComputeDevice(string name, string description, DeviceKind kind, ComputeDeviceOptions options)
    {
        Algorithms = new AlgorithmChoices(options.Algorithms ?? Environment.GetEnvironmentVariable("SPOCO_ALGORITHMS"));
        Name = name;
        Description = description;
        Kind = kind;
        Pool = new BufferPool(this);
        Precision = options.Precision ?? Precision.F32;
    }

    /// <summary>The name it was opened by: <c>cpu</c>, <c>cuda:0</c>, <c>opencl:0</c>, <c>ilgpu-cpu</c>.</summary>
    public string Name { get; }

    /// <summary>What the hardware calls itself.</summary>
    public string Description { get; }

    /// <summary>How it is programmed.</summary>
    public DeviceKind Kind { get; }

    /// <summary>The driver and what it offers, for reports of errors; empty for the host.</summary>
    public virtual string Driver => "";

    /// <summary>
    /// How the factors of convolutions are rounded on matrix units; other units compute in single precision whatever it is. What has a precision of its own sets it
    /// while it computes.
    /// </summary>
    public Precision Precision { get; set; }

    /// <summary>What the choice of algorithms asks of it: atomics, matrix units, shared memory, subgroup width.</summary>
    public abstract Capabilities Capabilities { get; }

    /// <summary>How its operations are computed.</summary>
    public AlgorithmChoices Algorithms { get; }

    /// <summary>This device, for an algorithm that runs on the host.</summary>
    internal HostDevice Host => (HostDevice)this;

    /// <summary>This device, for an algorithm that ILGPU compiles.</summary>
    internal IlgpuDevice Ilgpu => (IlgpuDevice)this;

    /// <summary>The pool that all memory of the device comes from.</summary>
    public BufferPool Pool { get; }

    /// <summary>
    /// Opens a device by name: <c>cpu</c>, <c>cuda:N</c>, <c>opencl:N</c> (N counts from 0 and may be left out), <c>ilgpu-cpu</c>, or
    /// <c>auto</c> = the first CUDA device, else the first GPU through OpenCL, else <c>cpu</c>.
    /// </summary>
    /// <exception cref="DeviceException">No such device; the message lists those there are.</exception>
    public static ComputeDevice Open(string name = "auto", ComputeDeviceOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(name);
        options ??= new ComputeDeviceOptions();
        return name == "cpu" ? HostDevice.Open(options) : DeviceCatalog.Open(name, options);
    }

    /// <summary>Lists the devices of this machine, those that cannot be used included.</summary>
    public static IReadOnlyList<DeviceInfo> List() => DeviceCatalog.List();

    /// <summary>Takes memory for <paramref name="length"/> elements from the pool; its contents are undefined.</summary>
    /// <param name="length">Elements; 0 is allowed.</param>
    /// <param name="owner">What it is for; named when memory runs out.</param>
    /// <exception cref="DeviceMemoryException">The device has no memory left.</exception>
    /// <exception cref="ObjectDisposedException">The device was disposed.</exception>
    public unsafe DeviceBuffer<T> Allocate<T>(long length, string owner) where T : unmanaged
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        return new DeviceBuffer<T>(Pool.Rent(checked(length * sizeof(T)), owner), 0, length);
    }

    /// <summary>Waits until every kernel launched so far has finished.</summary>
    public abstract void Synchronize();

    /// <summary>Releases the device and its memory; that of the host which is still in use stays until it is returned.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} ({Description})";

    /// <summary>Processors of this machine that compute, or that feed the device.</summary>
    internal virtual int Processors => Environment.ProcessorCount;

    /// <summary>Whether it is a graphics processor, not a processor that is driven like one.</summary>
    internal virtual bool IsGpu => false;

    /// <summary>The highest clocks that a GPU's driver reports, to be put behind <see cref="Driver"/>; empty where none does.</summary>
    internal virtual string Clocks => "";

    /// <summary>Where the host notes the time of each of its kernels; other devices leave it empty.</summary>
    internal virtual KernelProfile? Profile { get; set; }

    /// <summary>Takes the place of ILGPU's loader of kernels, where given: tests run kernels in ways of their own, measurements time them. The host asks nobody.</summary>
    internal IKernelLoader? Loader { get; set; }

    /// <summary>Whether the time between two of its events is that of a device, and not of a simulator.</summary>
    internal virtual bool MeasuresTime => false;

    /// <summary>An event of the device behind all that was launched so far; null on the host. A device has to be opened with <see cref="ComputeDeviceOptions.Profiling"/>.</summary>
    internal virtual ProfilingMarker? Mark() => null;

    /// <summary>
    /// Declares weights constant until the result is disposed: algorithms may keep what they make of them, in at most so many bytes. Null where no algorithm
    /// makes anything of weights.
    /// </summary>
    internal virtual IDisposable? HoldWeights(DeviceBuffer<float> weights, long bytes) => null;

    /// <summary>Copies host values into memory of the device; returns when they are there.</summary>
    internal abstract unsafe void Upload(void* source, DeviceBuffer<byte> target);

    /// <summary>Copies memory of the device to host values; waits for the kernels that write it.</summary>
    internal abstract unsafe void Download(DeviceBuffer<byte> source, void* target);

    /// <summary>Copies memory of the device to other memory of it, as much.</summary>
    internal abstract void Copy(DeviceBuffer<byte> source, DeviceBuffer<byte> target);

    /// <summary>Sets every byte to 0.</summary>
    internal abstract void Clear(DeviceBuffer<byte> target);

    internal abstract MemoryBlock? TryAllocateBlock(long bytes);

    internal abstract void FreeBlock(MemoryBlock block);

    /// <summary>Releases the pool and what the device holds beside it; may be called several times, by several threads at once.</summary>
    protected abstract void Dispose(bool disposing);
}

/// <summary>A device cannot be opened or used; the message is one line.</summary>
public sealed class DeviceException(string message) : Exception(message);
