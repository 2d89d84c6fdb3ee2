using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels;

/// <summary>A device reached through ILGPU: CUDA, OpenCL or ILGPU's own simulator.</summary>
public sealed class IlgpuDevice : ComputeDevice
{
    private readonly Context _context;
    private readonly Dictionary<object, Delegate> _kernels = new(ReferenceEqualityComparer.Instance);

    internal IlgpuDevice(string name, DeviceKind kind, Context context, Accelerator accelerator)
        : base(name, accelerator.Name, kind)
    {
        _context = context;
        Accelerator = accelerator;
    }

    /// <summary>ILGPU's accelerator; all kernels run on its default stream.</summary>
    public Accelerator Accelerator { get; }

    /// <summary>Takes the place of ILGPU's loader, where given: tests run kernels in ways of their own.</summary>
    internal IKernelLoader? Loader { get; set; }

    /// <inheritdoc/>
    public override void Synchronize() => Accelerator.DefaultStream.Synchronize();

    /// <summary>
    /// The launcher that <paramref name="load"/> makes, compiled at the first call and kept (compiling costs 15 to 330 ms).
    /// Pass a static lambda without captures: the compiler keeps one instance of it, which is the key.
    /// <code>device.Kernel(static a => a.LoadAutoGroupedStreamKernel&lt;Index1D, ArrayView&lt;float&gt;&gt;(Fill))</code>
    /// </summary>
    internal TLauncher Kernel<TLauncher>(Func<Accelerator, TLauncher> load) where TLauncher : Delegate
    {
        if (Loader is { } loader)
            return loader.Load(load);
        ref var launcher = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_kernels, load, out var known);
        if (!known)
            launcher = load(Accelerator);
        return Unsafe.As<TLauncher>(launcher!);
    }

    /// <summary>Checks that a number of threads or elements fits ILGPU's 32-bit index.</summary>
    /// <exception cref="DeviceException">It does not.</exception>
    internal static int Extent(long count, string operation) => count <= int.MaxValue
        ? (int)count
        : throw new DeviceException($"{operation}: {count} elements are more than a GPU kernel indexes ({int.MaxValue}); use smaller patches or a smaller batch.");

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
        // Kernels still in flight may use it.
        Synchronize();
        block.Native!.Dispose();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (!disposing)
            return;
        Accelerator.Dispose();
        _context.Dispose();
    }
}

/// <summary>Makes launchers of kernels.</summary>
internal interface IKernelLoader
{
    /// <summary>The launcher of the kernel that <paramref name="load"/> names.</summary>
    TLauncher Load<TLauncher>(Func<Accelerator, TLauncher> load) where TLauncher : Delegate;
}
