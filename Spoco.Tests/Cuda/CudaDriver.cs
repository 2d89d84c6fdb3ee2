using System.Diagnostics;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Spoco.Tests.Cuda;

/// <summary>
/// A CUDA driver with one device that is no hardware: kernels are read from the text that ILGPU gives it and carried out instruction by instruction. The product, and ILGPU's
/// own code for CUDA, run as they would before a card. It is a strict driver: every call asks for the context of its thread, nothing entered into a stream is done before it must be, memory
/// is anything until it is written, and an address outside it is an error that stays.
/// </summary>
/// <remarks>Names, arguments and results of the functions are those of cuda.h, 12.x; those that ILGPU 1.5.3 imports are here, but for what concerns several devices.</remarks>
internal static unsafe class CudaDriver
{
    private const int Success = 0, InvalidValue = 1, OutOfMemory = 2, InvalidContext = 201, InvalidPtx = 218, InvalidHandle = 400, NotFound = 500, NotReady = 600,
        IllegalAddress = 700;

    private const int Version = 12080;
    private const long MemoryBytes = 8L << 30;
    private const nint Context = 0x5c0;
    private const nint NullStream = 0;

    private static readonly Lock State = new();
    private static readonly Random Random = new(1);
    private static readonly DriverMemory Device = new(Random);
    private static readonly DriverMemory Host = new(Random);
    private static readonly Dictionary<nint, DriverStream> Streams = new() { [NullStream] = new() };
    private static readonly Dictionary<nint, Dictionary<string, nint>> Modules = [];
    private static readonly Dictionary<nint, (PtxKernel Kernel, PtxTally Tally)> Functions = [];
    private static readonly Dictionary<nint, (DriverStream? Stream, long Time)> Events = [];
    private static readonly Dictionary<string, PtxTally> Counted = [];
    private static nint _nextHandle = 0x1000;
    private static string? _fault;

    [ThreadStatic]
    private static nint _current;

    /// <summary>Multiprocessors of the device: those of an H200.</summary>
    public const int Multiprocessors = 132;

    /// <summary>Whether accesses of memory are counted.</summary>
    public static bool Counts { get; set; }

    /// <summary>What was counted, by the name that kernels were loaded under.</summary>
    public static IReadOnlyDictionary<string, PtxTally> Tallies => Counted;

    /// <summary>The name under which a kernel that is loaded next is counted; null = that of its entry.</summary>
    public static string? Loading { get; set; }

    /// <summary>The first fault of a kernel; the device does nothing after it.</summary>
    public static string? Fault => _fault;

    /// <summary>Puts it where the driver of this process is looked for. False where that cannot be done here.</summary>
    public static bool Install()
    {
        if (!DriverLibrary.IsSupported)
            return false;
        DriverLibrary.Load("libcuda.so.1", typeof(CudaDriver).GetMethods(BindingFlags.Static | BindingFlags.NonPublic)
            .Where(m => m.GetCustomAttribute<UnmanagedCallersOnlyAttribute>() is not null)
            .ToDictionary(m => m.GetCustomAttribute<UnmanagedCallersOnlyAttribute>()!.EntryPoint!, m => m.MethodHandle.GetFunctionPointer()));
        return true;
    }

    [UnmanagedCallersOnly(EntryPoint = "cuInit")]
    private static int Init(int flags) => Success;

    [UnmanagedCallersOnly(EntryPoint = "cuDriverGetVersion")]
    private static int DriverGetVersion(int* version) => Set(version, Version);

    [UnmanagedCallersOnly(EntryPoint = "cuDeviceGet")]
    private static int DeviceGet(int* device, int ordinal) => ordinal == 0 ? Set(device, 0) : InvalidValue;

    [UnmanagedCallersOnly(EntryPoint = "cuDeviceGetCount")]
    private static int DeviceGetCount(int* count) => Set(count, 1);

    [UnmanagedCallersOnly(EntryPoint = "cuDeviceGetName")]
    private static int DeviceGetName(byte* name, int length, int device)
    {
        "PTX, interpreted\0"u8.CopyTo(new Span<byte>(name, length));
        return Success;
    }

    [UnmanagedCallersOnly(EntryPoint = "cuDeviceTotalMem_v2")]
    private static int DeviceTotalMem(nint* bytes, int device) => Set(bytes, unchecked((nint)MemoryBytes));

    // Numbers of CUdevice_attribute.
    [UnmanagedCallersOnly(EntryPoint = "cuDeviceGetAttribute")]
    private static int DeviceGetAttribute(int* value, int attribute, int device) => Set(value, attribute switch
    {
        1 or 2 or 3 => attribute == 3 ? 64 : 1024,
        4 => 1024,
        5 => int.MaxValue,
        6 or 7 => 65535,
        8 => 49152,
        9 => 65536,
        10 => PtxWarp.Size,
        12 or 82 => 65536,
        13 => 1_980_000,
        16 => Multiprocessors,
        36 => 3_201_000,
        37 => 6144,
        38 => 50 << 20,
        39 => 2048,
        40 => 3,
        41 or 19 or 31 => 1,
        75 => 9,
        76 => 0,
        81 or 97 => 233_472,
        _ => 0,
    });

    [UnmanagedCallersOnly(EntryPoint = "cuDeviceCanAccessPeer")]
    private static int DeviceCanAccessPeer(int* can, int device, int peer) => Set(can, 0);

    [UnmanagedCallersOnly(EntryPoint = "cuCtxCreate_v2")]
    private static int CtxCreate(nint* context, int flags, int device)
    {
        _current = Context;
        return Set(context, Context);
    }

    [UnmanagedCallersOnly(EntryPoint = "cuCtxDestroy_v2")]
    private static int CtxDestroy(nint context)
    {
        if (_current == context)
            _current = 0;
        return Success;
    }

    [UnmanagedCallersOnly(EntryPoint = "cuCtxSetCurrent")]
    private static int CtxSetCurrent(nint context)
    {
        _current = context;
        return Success;
    }

    [UnmanagedCallersOnly(EntryPoint = "cuCtxSynchronize")]
    private static int CtxSynchronize() => InContext(CompleteAll);

    [UnmanagedCallersOnly(EntryPoint = "cuCtxGetCacheConfig")]
    private static int CtxGetCacheConfig(int* config) => Set(config, 0);

    [UnmanagedCallersOnly(EntryPoint = "cuCtxSetCacheConfig")]
    private static int CtxSetCacheConfig(int config) => Success;

    [UnmanagedCallersOnly(EntryPoint = "cuCtxGetSharedMemConfig")]
    private static int CtxGetSharedMemConfig(int* config) => Set(config, 1);

    [UnmanagedCallersOnly(EntryPoint = "cuCtxSetSharedMemConfig")]
    private static int CtxSetSharedMemConfig(int config) => Success;

    [UnmanagedCallersOnly(EntryPoint = "cuMemGetInfo_v2")]
    private static int MemGetInfo(nint* free, nint* total) => InContext(() =>
    {
        *free = unchecked((nint)(MemoryBytes - Device.Bytes));
        return Set(total, unchecked((nint)MemoryBytes));
    });

    [UnmanagedCallersOnly(EntryPoint = "cuMemAlloc_v2")]
    private static int MemAlloc(nint* address, nint bytes) => InContext(() =>
        bytes <= 0 ? InvalidValue : Device.Bytes + bytes > MemoryBytes ? OutOfMemory : Set(address, Device.Allocate(bytes)));

    [UnmanagedCallersOnly(EntryPoint = "cuMemFree_v2")]
    private static int MemFree(nint address) => InContext(() =>
    {
        var error = CompleteAll();
        return Device.Free(address) ? error : InvalidValue;
    });

    [UnmanagedCallersOnly(EntryPoint = "cuMemAllocHost_v2")]
    private static int MemAllocHost(nint* address, nint bytes) => InContext(() => Set(address, Host.Allocate(bytes)));

    [UnmanagedCallersOnly(EntryPoint = "cuMemFreeHost")]
    private static int MemFreeHost(nint address) => InContext(() =>
    {
        var error = CompleteAll();
        return Host.Free(address) ? error : InvalidValue;
    });

    [UnmanagedCallersOnly(EntryPoint = "cuMemHostRegister_v2")]
    private static int MemHostRegister(nint address, nint bytes, int flags) => InContext(() =>
    {
        Host.Add(address, bytes);
        return Success;
    });

    [UnmanagedCallersOnly(EntryPoint = "cuMemHostUnregister")]
    private static int MemHostUnregister(nint address) => InContext(() =>
    {
        var error = CompleteAll();
        return Host.Remove(address) ? error : InvalidValue;
    });

    [UnmanagedCallersOnly(EntryPoint = "cuMemHostGetDevicePointer_v2")]
    private static int MemHostGetDevicePointer(nint* device, nint host, int flags) => InContext(() => Host.Has((ulong)host, 1) ? Set(device, host) : InvalidValue);

    [UnmanagedCallersOnly(EntryPoint = "cuMemcpyAsync")]
    private static int MemcpyAsync(nint to, nint from, nint bytes, nint stream) => InContext(() =>
    {
        if (!Streams.TryGetValue(stream, out var queue))
            return InvalidHandle;
        var (isToDevice, isFromDevice) = (Device.Has((ulong)to, bytes), Device.Has((ulong)from, bytes));
        if (!isToDevice && !isFromDevice)
            return InvalidValue;
        var isLocked = (isToDevice || Host.Has((ulong)to, bytes)) && (isFromDevice || Host.Has((ulong)from, bytes));
        Enter(queue, stream, () => Buffer.MemoryCopy((void*)from, (void*)to, bytes, bytes));
        // Memory that is not page-locked is read, or written, before the call returns.
        return isLocked ? Success : Complete(queue);
    });

    [UnmanagedCallersOnly(EntryPoint = "cuMemsetD8Async")]
    private static int MemsetAsync(nint to, byte value, nint bytes, nint stream) => InContext(() =>
    {
        if (!Streams.TryGetValue(stream, out var queue))
            return InvalidHandle;
        if (!Device.Has((ulong)to, bytes))
            return InvalidValue;
        Enter(queue, stream, () => new Span<byte>((void*)to, checked((int)bytes)).Fill(value));
        return Success;
    });

    [UnmanagedCallersOnly(EntryPoint = "cuStreamCreate")]
    private static int StreamCreate(nint* stream, int flags) => InContext(() =>
    {
        var handle = _nextHandle++;
        Streams.Add(handle, new DriverStream());
        return Set(stream, handle);
    });

    [UnmanagedCallersOnly(EntryPoint = "cuStreamDestroy_v2")]
    private static int StreamDestroy(nint stream) => InContext(() =>
    {
        if (stream == NullStream || !Streams.Remove(stream, out var queue))
            return InvalidHandle;
        return Complete(queue);
    });

    [UnmanagedCallersOnly(EntryPoint = "cuStreamSynchronize")]
    private static int StreamSynchronize(nint stream) => InContext(() => Streams.TryGetValue(stream, out var queue) ? Complete(queue) : InvalidHandle);

    [UnmanagedCallersOnly(EntryPoint = "cuModuleLoadData")]
    private static int ModuleLoadData(nint* module, byte* image) => InContext(() => LoadModule(module, image));

    [UnmanagedCallersOnly(EntryPoint = "cuModuleLoadDataEx")]
    private static int ModuleLoadDataEx(nint* module, byte* image, int count, nint options, nint values) => InContext(() => LoadModule(module, image));

    [UnmanagedCallersOnly(EntryPoint = "cuModuleUnload")]
    private static int ModuleUnload(nint module) => InContext(() => Modules.Remove(module) ? Success : InvalidHandle);

    [UnmanagedCallersOnly(EntryPoint = "cuModuleGetFunction")]
    private static int ModuleGetFunction(nint* function, nint module, byte* name) => InContext(() =>
        Modules.TryGetValue(module, out var functions) && functions.TryGetValue(Marshal.PtrToStringAnsi((nint)name)!, out var found) ? Set(function, found) : NotFound);

    [UnmanagedCallersOnly(EntryPoint = "cuLaunchKernel")]
    private static int LaunchKernel(
        nint function, int groupsX, int groupsY, int groupsZ, int sizeX, int sizeY, int sizeZ, int sharedBytes, nint stream, nint* parameters, nint* extra) =>
        InContext(() =>
        {
            if (!Functions.TryGetValue(function, out var loaded) || !Streams.TryGetValue(stream, out var queue))
                return InvalidHandle;
            var (kernel, groups, size) = (loaded.Kernel, (groupsX, groupsY, groupsZ), (sizeX, sizeY, sizeZ));
            if (sharedBytes != 0 || Math.Min(groupsX, Math.Min(groupsY, groupsZ)) < 1 || Math.Max(groupsY, groupsZ) > 65535
                || sizeX * sizeY * sizeZ is < 1 or > 1024 || (kernel.MostThreads > 0 && sizeX * sizeY * sizeZ > kernel.MostThreads)
                || !TryRead(kernel, parameters, extra, out var arguments))
                return InvalidValue;
            Enter(queue, stream, () => Launch(kernel, loaded.Tally, arguments, groups, size));
            return Success;
        });

    [UnmanagedCallersOnly(EntryPoint = "cuOccupancyMaxActiveBlocksPerMultiprocessor")]
    private static int OccupancyMaxActive(int* groups, nint function, int size, nint sharedBytes) => Set(groups, 2);

    [UnmanagedCallersOnly(EntryPoint = "cuOccupancyMaxPotentialBlockSize")]
    private static int OccupancyMaxPotential(int* leastGroups, int* size, nint function, nint sharedBytesOf, nint sharedBytes, int limit)
    {
        *leastGroups = 2 * Multiprocessors;
        return Set(size, limit > 0 ? Math.Min(limit, 256) : 256);
    }

    [UnmanagedCallersOnly(EntryPoint = "cuEventCreate")]
    private static int EventCreate(nint* handle, int flags) => InContext(() =>
    {
        Events.Add(_nextHandle, (null, Stopwatch.GetTimestamp()));
        return Set(handle, _nextHandle++);
    });

    [UnmanagedCallersOnly(EntryPoint = "cuEventDestroy_v2")]
    private static int EventDestroy(nint handle) => InContext(() => Events.Remove(handle) ? Success : InvalidHandle);

    [UnmanagedCallersOnly(EntryPoint = "cuEventRecord")]
    private static int EventRecord(nint handle, nint stream) => InContext(() =>
    {
        if (!Events.ContainsKey(handle) || !Streams.TryGetValue(stream, out var queue))
            return InvalidHandle;
        Events[handle] = (queue, 0);
        Enter(queue, stream, () => Events[handle] = (null, Stopwatch.GetTimestamp()));
        return Success;
    });

    [UnmanagedCallersOnly(EntryPoint = "cuEventQuery")]
    private static int EventQuery(nint handle) => InContext(() => !Events.TryGetValue(handle, out var recorded) ? InvalidHandle : recorded.Stream is null ? Success : NotReady);

    [UnmanagedCallersOnly(EntryPoint = "cuEventSynchronize")]
    private static int EventSynchronize(nint handle) => InContext(() =>
        !Events.TryGetValue(handle, out var recorded) ? InvalidHandle : recorded.Stream is { } stream ? Complete(stream) : Success);

    [UnmanagedCallersOnly(EntryPoint = "cuEventElapsedTime")]
    private static int EventElapsedTime(float* milliseconds, nint first, nint last) => InContext(() =>
    {
        if (!Events.TryGetValue(first, out var from) || !Events.TryGetValue(last, out var to))
            return InvalidHandle;
        if (from.Stream is not null || to.Stream is not null)
            return NotReady;
        *milliseconds = (float)Stopwatch.GetElapsedTime(from.Time, to.Time).TotalMilliseconds;
        return Success;
    });

    [UnmanagedCallersOnly(EntryPoint = "cuGetErrorString")]
    private static int GetErrorString(int error, nint* text)
    {
        var message = error switch
        {
            IllegalAddress => $"a kernel did what a GPU does not do: {_fault}",
            InvalidContext => "no context is current to this thread",
            InvalidPtx => $"a module is not understood: {_fault}",
            OutOfMemory => "out of memory",
            _ => $"error {error}",
        };
        return Set(text, Marshal.StringToHGlobalAnsi(message));
    }

    private static int LoadModule(nint* module, byte* image)
    {
        try
        {
            var functions = new Dictionary<string, nint>();
            foreach (var kernel in PtxReader.Read(Marshal.PtrToStringAnsi((nint)image)!))
            {
                ref var tally = ref CollectionsMarshal.GetValueRefOrAddDefault(Counted, Loading ?? kernel.Name, out _);
                Functions.Add(_nextHandle, (kernel, tally ??= new PtxTally()));
                functions.Add(kernel.Name, _nextHandle++);
            }

            Modules.Add(_nextHandle, functions);
            return Set(module, _nextHandle++);
        }
        catch (Exception e)
        {
            _fault ??= e.ToString();
            return InvalidPtx;
        }
    }

    // Either an address for every parameter, or one for all of them: pairs of a mark and a value, up to a mark of 0.
    private static bool TryRead(PtxKernel kernel, nint* parameters, nint* extra, out byte[] arguments)
    {
        arguments = new byte[kernel.ParameterBytes];
        if (parameters is not null)
        {
            var i = 0;
            foreach (var (offset, bytes) in kernel.Parameters.Values)
                new ReadOnlySpan<byte>((void*)parameters[i++], bytes).CopyTo(arguments.AsSpan(offset));
            return true;
        }

        var buffer = 0ul;
        var length = 0L;
        for (var i = 0; extra is not null && extra[i] != 0; i += 2)
        {
            if (extra[i] == 1)
                buffer = (ulong)extra[i + 1];
            else if (extra[i] == 2)
                length = *(long*)extra[i + 1];
        }

        // A driver refuses other sizes; what stands behind the last parameter may be left out.
        if (length < arguments.Length || length > (arguments.Length + 15) / 8 * 8)
            return false;
        new ReadOnlySpan<byte>((void*)buffer, arguments.Length).CopyTo(arguments);
        return true;
    }

    private static void Launch(PtxKernel kernel, PtxTally tally, byte[] arguments, (int X, int Y, int Z) groups, (int X, int Y, int Z) size)
    {
        tally.Launches++;
        tally.Counts = Counts;
        using var group = new PtxGroup(kernel, arguments, Device, tally, groups, size, Random);
        for (var i = 0; i < groups.X * groups.Y * groups.Z; i++)
            group.Run((i % groups.X, i / groups.X % groups.Y, i / groups.X / groups.Y));
    }

    // The null stream waits for all others, and they for it.
    private static void Enter(DriverStream queue, nint stream, Action work)
    {
        if (stream == NullStream)
        {
            foreach (var other in Streams.Values)
                Complete(other);
        }
        else
        {
            Complete(Streams[NullStream]);
        }

        queue.Enter(work);
    }

    private static int CompleteAll()
    {
        var error = Success;
        foreach (var stream in Streams.Values)
            error = Complete(stream);
        return error;
    }

    private static int Complete(DriverStream stream)
    {
        try
        {
            if (_fault is null)
                stream.Complete();
        }
        catch (Exception e)
        {
            _fault = e is PtxFault ? e.Message : e.ToString();
        }

        return _fault is null ? Success : IllegalAddress;
    }

    private static int InContext(Func<int> call)
    {
        lock (State)
        {
            if (_current != Context)
                return InvalidContext;
            return _fault is null ? call() : IllegalAddress;
        }
    }

    private static int Set<T>(T* place, T value) where T : unmanaged
    {
        *place = value;
        return Success;
    }
}
