using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Spoco.Kernels;

/// <summary>The <c>cpu</c> device: SIMD kernels on aligned host memory, on all cores.</summary>
internal sealed unsafe class HostDevice : ComputeDevice
{
    /// <summary>Every block starts on a cache line, which is also one 512-bit register.</summary>
    public const int Alignment = 64;

    private const long LeastWorkspace = 1 << 20;

    private readonly Lock _workspace = new();
    private readonly List<Primitives.HeldWeights> _held = [];
    private long _workspaceBytes;

    internal HostDevice(ComputeDeviceOptions options)
        : base("cpu", $"{RuntimeInformation.ProcessArchitecture}, {InstructionSet}", DeviceKind.Host, options)
    {
        Workers = new WorkerPool(options.Threads ?? DefaultThreads());
        Capabilities = new Capabilities(true, options.Winograd ?? DefaultWinograd(), 1, Primitives.VectorWidth.Widest,
            0, true, true, MatrixUnits.None);
        Pool.Limit = options.MemoryLimit;
    }

    /// <summary>The <c>cpu</c> device, as <see cref="ComputeDevice.Open"/> opens it by name.</summary>
    internal static HostDevice Open(ComputeDeviceOptions? options = null) => new(options ?? new ComputeDeviceOptions());

    /// <summary>The threads that run the kernels.</summary>
    public WorkerPool Workers { get; }

    /// <inheritdoc/>
    public override Capabilities Capabilities { get; }

    /// <summary>The widest SIMD instructions that kernels may use in this process.</summary>
    public static string InstructionSet =>
        Vector512.IsHardwareAccelerated ? "AVX-512" : Vector256.IsHardwareAccelerated ? "AVX2" : Vector128.IsHardwareAccelerated ? "128-bit SIMD" : "scalar";

    /// <summary>
    /// Memory for the time of one kernel. All kernels share one block, as large as the largest of them needs: blocks of their own sizes would be held for
    /// each of them. It is never smaller than what kernels need for more objects and anchors than small images show: in steady state it does not grow.
    /// </summary>
    internal DeviceMemory Workspace(long bytes)
    {
        lock (_workspace)
        {
            if (bytes > _workspaceBytes)
            {
                Pool.Discard(_workspaceBytes);
                _workspaceBytes = Math.Max(LeastWorkspace, BufferPool.RoundUp(bytes));
            }

            return Pool.Rent(_workspaceBytes, "workspace");
        }
    }

    internal override IDisposable HoldWeights(DeviceBuffer<float> weights, long bytes)
    {
        foreach (var held in _held)
        {
            if (held.Holds(weights))
                return held.Share();
        }

        var added = new Primitives.HeldWeights(this, weights, bytes);
        _held.Add(added);
        return added;
    }

    /// <summary>Those held weights that a weight is among; null where it is not held.</summary>
    internal Primitives.HeldWeights? Held(float* weight)
    {
        foreach (var held in _held)
        {
            if (held.Has(weight))
                return held;
        }

        return null;
    }

    /// <summary>Nobody holds these any more.</summary>
    internal void LetGo(Primitives.HeldWeights held) => _held.Remove(held);

    /// <inheritdoc/>
    public override void Synchronize()
    {
    }

    internal override int Processors => Workers.Workers;

    internal override KernelProfile? Profile
    {
        get => Workers.Profile;
        set => Workers.Profile = value;
    }

    internal override void Upload(void* source, DeviceBuffer<byte> target) => Buffer.MemoryCopy(source, target.HostAddress, target.Length, target.Length);

    internal override void Download(DeviceBuffer<byte> source, void* target) => Buffer.MemoryCopy(source.HostAddress, target, source.Length, source.Length);

    internal override void Copy(DeviceBuffer<byte> source, DeviceBuffer<byte> target) => Download(source, target.HostAddress);

    internal override void Clear(DeviceBuffer<byte> target) => NativeMemory.Clear(target.HostAddress, (nuint)target.Length);

    internal override MemoryBlock? TryAllocateBlock(long bytes)
    {
        try
        {
            return new MemoryBlock(bytes, (nint)NativeMemory.AlignedAlloc(checked((nuint)bytes), Alignment), null);
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }

    internal override void FreeBlock(MemoryBlock block) => NativeMemory.AlignedFree((void*)block.Pointer);

    /// <summary>A device that nobody disposed ends its threads, which would else stay as long as the process.</summary>
    ~HostDevice() => Dispose(false);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (!disposing)
        {
            // Not there where the constructor failed.
            Workers?.Abandon();
            Pool?.Dispose();
            return;
        }

        // The threads first: from inside a kernel this is refused, and the device remains as it was.
        Workers.Dispose();
        Pool.Dispose();
    }

    private static bool DefaultWinograd() => Environment.GetEnvironmentVariable("SPOCO_WINOGRAD") switch
    {
        null or "" or "1" => true,
        "0" => false,
        var text => throw new DeviceException($"SPOCO_WINOGRAD: expected 0 or 1, found '{text}'."),
    };

    private static int DefaultThreads()
    {
        var text = Environment.GetEnvironmentVariable("SPOCO_THREADS");
        if (string.IsNullOrEmpty(text))
            return Environment.ProcessorCount;
        return int.TryParse(text, out var threads) && threads is >= 1 and <= 1024
            ? threads
            : throw new DeviceException($"SPOCO_THREADS: expected a number from 1 to 1024, found '{text}'.");
    }
}
