using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace Spoco.Kernels;

/// <summary>A device reached through ILGPU: CUDA, OpenCL or ILGPU's own simulator.</summary>
public sealed class IlgpuDevice : ComputeDevice
{
    private readonly Context _context;
    private Capabilities _capabilities;
    private readonly Dictionary<object, Delegate> _kernels = new(ReferenceEqualityComparer.Instance);

    /// <summary>Held while something is compiled. Taken before the locks of the pool and of <see cref="_lifetime"/>, never under them.</summary>
    private readonly Lock _compiling = new();

    /// <summary>Held while memory is freed and while the accelerator is disposed. Taken last.</summary>
    private readonly Lock _lifetime = new();

    /// <summary>Written under both locks, read under either.</summary>
    private bool _disposed;

    internal IlgpuDevice(string name, DeviceKind kind, Context context, Accelerator accelerator, ComputeDeviceOptions options)
        : base(name, accelerator.Name, kind, options)
    {
        _context = context;
        Accelerator = accelerator;
        var implied = accelerator.DefaultStream;
        SetDefaultStream(accelerator, accelerator.CreateStream());
        implied.Dispose();
        SideStream = accelerator.CreateStream();
        Copies = new CopyStage(this);
        Multiprocessors = accelerator.NumMultiprocessors;
        _capabilities = new Capabilities(false, false, accelerator.MaxNumThreadsPerGroup, accelerator.WarpSize,
            (int)Math.Min(int.MaxValue, (long)accelerator.MaxSharedMemoryPerGroup), HasAtomics64(accelerator), HasDoublePrecision(accelerator), MatrixUnitsOf(accelerator));
        Tuning = TileTuning.Of(this);
    }

    /// <inheritdoc/>
    public override Capabilities Capabilities => _capabilities;

    /// <summary>
    /// ILGPU's accelerator; all kernels run on its default stream, which is one of this device alone. That of ILGPU would be CUDA's null stream, which waits for every other stream and cannot be
    /// captured.
    /// </summary>
    public Accelerator Accelerator { get; }

    /// <summary>Copies to the device that kernels need not wait for: in no order with the default stream but that of the host's waits.</summary>
    internal AcceleratorStream SideStream { get; }

    /// <inheritdoc/>
    public override string Driver => Accelerator switch
    {
        CudaAccelerator cuda => $"CUDA {cuda.DriverVersion}, {cuda.Architecture}, PTX {cuda.InstructionSet}, {cuda.NumMultiprocessors} multiprocessors",
        CLAccelerator cl => $"{cl.PlatformName} ({cl.PlatformVersion}), driver {CLAPI.CurrentAPI.GetDeviceInfo(cl.DeviceId, CLDeviceInfoType.CL_DRIVER_VERSION)}, "
            + $"{cl.VendorName}, {cl.NumMultiprocessors} multiprocessors, groups of {cl.MaxNumThreadsPerGroup}, warps of {cl.WarpSize}, "
            + $"64-bit atomics: {(Capabilities.Atomics64 ? "yes" : "no")}, double precision: {(Capabilities.DoublePrecision ? "yes" : "no")}",
        _ => "ILGPU's simulator",
    };

    /// <summary>Launches and copies so far; whoever launches a kernel asks for it once per launch.</summary>
    internal DeviceTraffic Traffic;

    /// <summary>How many groups there have to be at least, to keep it busy; tests take others.</summary>
    internal int Multiprocessors { get; set; }

    /// <summary>The tiles that were measured to be the fastest ones; null = none are measured.</summary>
    internal TileTuning? Tuning { get; set; }

    /// <summary>Small copies that nobody waits for.</summary>
    internal CopyStage Copies { get; }

    /// <inheritdoc/>
    public override void Synchronize()
    {
        lock (_lifetime)
        {
            ThrowIfDisposed();
            Accelerator.DefaultStream.Synchronize();
        }

        Copies.Complete();
    }

    /// <summary>Waits for the copies of <see cref="SideStream"/>, not for kernels.</summary>
    internal void CompleteSideCopies()
    {
        lock (_lifetime)
        {
            if (!_disposed)
                SideStream.Synchronize();
        }
    }

    /// <summary>
    /// The launcher that <paramref name="load"/> makes, compiled at the first call and kept (compiling costs 15 to 330 ms).
    /// Threads that ask at once get the same one. A failure is not kept; the next call compiles again.
    /// Pass a static lambda without captures: the compiler keeps one instance of it, which is the key.
    /// <code>device.Kernel(static a => a.LoadAutoGroupedStreamKernel&lt;Index1D, ArrayView&lt;float&gt;&gt;(Fill))</code>
    /// </summary>
    internal TLauncher Kernel<TLauncher>(Func<Accelerator, TLauncher> load) where TLauncher : Delegate
    {
        Traffic.Launches++;
        if (Loader is { } loader)
            return loader.Load(load);
        lock (_compiling)
        {
            ThrowIfDisposed();
            if (!_kernels.TryGetValue(load, out var launcher))
            {
                // It may ask for other kernels, so that nothing of the dictionary is held across the call.
                launcher = load(Accelerator);
                _kernels.Add(load, launcher);
            }

            return Unsafe.As<TLauncher>(launcher);
        }
    }

    /// <summary>Page-locked memory. ILGPU locks it for the device that is bound to the calling thread, and binds none itself.</summary>
    internal PageLockedArray1D<byte> LockPages(long bytes)
    {
        Accelerator.Bind();
        return Accelerator.AllocatePageLocked1D<byte>(bytes);
    }

    /// <summary>Chooses algorithms as a device does that can do this; for measurements whose launches do nothing.</summary>
    internal void Assume(in Capabilities capabilities) => _capabilities = capabilities;

    /// <summary>Checks that a number of threads or elements fits ILGPU's 32-bit index.</summary>
    /// <exception cref="DeviceException">It does not.</exception>
    internal static int Extent(long count, string operation) => count <= int.MaxValue
        ? (int)count
        : throw new DeviceException($"{operation}: {count} elements are more than a GPU kernel indexes ({int.MaxValue}); use smaller patches or a smaller batch.");

    internal override bool IsGpu => Accelerator is CLAccelerator cl ? cl.DeviceType.HasFlag(CLDeviceType.CL_DEVICE_TYPE_GPU) : Kind == DeviceKind.Cuda;

    internal override string Clocks => Accelerator switch
    {
        CudaAccelerator cuda => $", up to {cuda.ClockRate / 1000} MHz, memory {cuda.MemoryClockRate / 1000} MHz",
        CLAccelerator cl => $", up to {cl.ClockRate} MHz",
        _ => "",
    };

    internal override bool MeasuresTime => Kind != DeviceKind.IlgpuCpu && Accelerator.Context.Properties.EnableProfiling;

    internal override ProfilingMarker? Mark() => Accelerator.DefaultStream.AddProfilingMarker();

    internal override unsafe void Upload(void* source, DeviceBuffer<byte> target)
    {
        Traffic.Writes++;
        if (target.Length <= CopyStage.LongestWrite)
            Copies.Write(target.View, new ReadOnlySpan<byte>(source, (int)target.Length));
        else
            target.View.CopyFromCPU(ref *(byte*)source, target.Length);
    }

    internal override unsafe void Download(DeviceBuffer<byte> source, void* target)
    {
        Traffic.Reads++;
        source.View.CopyToCPU(ref *(byte*)target, source.Length);
        Copies.Complete();
    }

    internal override void Copy(DeviceBuffer<byte> source, DeviceBuffer<byte> target) => source.View.CopyTo(target.View);

    internal override void Clear(DeviceBuffer<byte> target)
    {
        Traffic.Clears++;
        target.View.MemSetToZero();
    }

    internal override MemoryBlock? TryAllocateBlock(long bytes)
    {
        try
        {
            return new MemoryBlock(bytes, 0, Accelerator.Allocate1D<byte>(bytes));
        }
        catch (AcceleratorException)
        {
            return null;
        }
    }

    internal override void FreeBlock(MemoryBlock block)
    {
        lock (_lifetime)
        {
            // The accelerator takes all its memory with it.
            if (_disposed)
                return;
            // Kernels still in flight may use it.
            Accelerator.DefaultStream.Synchronize();
            block.Native!.Dispose();
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (!disposing)
            return;
        // Afterwards nobody takes memory from the accelerator; what is returned later goes through FreeBlock.
        Pool.Dispose();
        lock (_compiling)
        lock (_lifetime)
        {
            if (_disposed)
                return;
            _disposed = true;
            Accelerator.Dispose();
            _context.Dispose();
        }
    }

    private static bool HasAtomics64(Accelerator accelerator) => accelerator is not CLAccelerator cl || cl.Capabilities.Int64_Atomics;

    private static bool HasDoublePrecision(Accelerator accelerator) => accelerator is not CLAccelerator cl || cl.Capabilities.Float64;

    private static MatrixUnits MatrixUnitsOf(Accelerator accelerator) => accelerator is not CudaAccelerator cuda ? MatrixUnits.Emulated
        : cuda.Architecture >= CudaArchitecture.SM_80 ? MatrixUnits.Float16 | MatrixUnits.BFloat16 | MatrixUnits.TensorFloat32
        : cuda.Architecture >= CudaArchitecture.SM_70 ? MatrixUnits.Float16 : MatrixUnits.None;

    /// <summary>ILGPU's launchers, copies and clears ask for the default stream at every call; it lets classes derived from the accelerator's set it.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_DefaultStream")]
    private static extern void SetDefaultStream(Accelerator accelerator, AcceleratorStream stream);

    private void ThrowIfDisposed()
    {
        if (_disposed)
            throw new ObjectDisposedException(Name, $"Device: {Name} was disposed.");
    }
}

/// <summary>Makes launchers of kernels.</summary>
internal interface IKernelLoader
{
    /// <summary>The launcher of the kernel that <paramref name="load"/> names.</summary>
    TLauncher Load<TLauncher>(Func<Accelerator, TLauncher> load) where TLauncher : Delegate;
}
