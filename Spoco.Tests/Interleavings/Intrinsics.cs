using System.Reflection;
using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using Spoco.Kernels.Primitives;

namespace Spoco.Tests.Interleavings;

/// <summary>A method that the player carries out itself.</summary>
/// <param name="IsShared">Whether its first argument leads to memory that it reads or writes in one access.</param>
/// <param name="Body">What it does.</param>
internal sealed record Intrinsic(bool IsShared, IntrinsicBody Body);

/// <summary>Carries out a call of <paramref name="method"/>.</summary>
internal delegate Value IntrinsicBody(PlayedThread thread, MethodBase method, Span<Value> arguments);

/// <summary>Views, thread indices, barriers, shared memory, atomics: what ILGPU or the runtime gives a kernel or pass.</summary>
internal static unsafe class Intrinsics
{
    /// <summary>What the player knows of a method; null where it is to be played or run like any other.</summary>
    public static Intrinsic? Of(MethodBase method, bool creates)
    {
        var type = method.DeclaringType!;
        if (creates && typeof(Delegate).IsAssignableFrom(type))
            return new(false, static (_, m, a) => Value.Of(((MethodInfo)a[1].Object!).CreateDelegate(m.DeclaringType!, a[0].Object)));
        if (Layout.IsView(type) || type == typeof(ArrayViewExtensions))
            return OfView(method, creates);
        if (type == typeof(MemoryExtensions))
            return OfSpan(method);
        if (type == typeof(Group) || type == typeof(Grid))
            return OfThread(method);
        if (type == typeof(CudaAsm) && method.Name == "get_IsSupported")
            return new(false, static (_, _, _) => Value.Of(0));
        if (type == typeof(EmulatedWarp))
            return new(false, static (t, _, _) =>
            {
                t.WaitForWarp();
                return default;
            });
        if (type == typeof(SharedMemory))
            return new(false, static (t, m, a) => Value.Of(t.Launch.Shared(t, m, ((MethodInfo)m).GetGenericArguments()[0], Number(a[0]))));
        if (type == typeof(Atomic) || type == typeof(Interlocked))
            return OfAtomic(method);
        if (type == typeof(Volatile))
            return OfVolatile(method);
        if (type == typeof(NativeMemory) && method.Name == nameof(NativeMemory.Clear))
            return new(true, static (t, _, a) => Clear(t, a[0].Bits, a[1].Bits));
        if (type == typeof(Buffer) && method.Name == nameof(Buffer.MemoryCopy))
            return new(true, static (t, _, a) => Copy(t, new MemoryView(a[0].Bits, a[3].Bits, typeof(byte)), new MemoryView(a[1].Bits, a[3].Bits, typeof(byte))));
        return null;
    }

    private static Intrinsic? OfView(MethodBase method, bool creates) => method.Name switch
    {
        ".ctor" when creates => new(false, static (_, m, a) => Value.Of(NewSpan(m, a))),
        ".ctor" => new(false, static (t, m, a) =>
        {
            t.Store(a[0], m.DeclaringType!, Value.Of(NewSpan(m, a[1..])));
            return default;
        }),
        "get_Item" => new(false, static (t, m, a) => Item(View(t, a[0]), Number(a[1]), m)),
        "get_Length" or "get_IntLength" or "get_Extent" => new(false, static (t, m, a) => Length(View(t, a[0]).Length, ((MethodInfo)m).ReturnType)),
        "SubView" or "Slice" => new(false, static (t, m, a) => Part(View(t, a[0]), Number(a[1]), a.Length > 2 ? Number(a[2]) : null, m)),
        "Cast" => new(false, static (t, m, a) => Cast(View(t, a[0]), ((MethodInfo)m).GetGenericArguments()[^1])),
        "op_Implicit" or "AsContiguous" or "get_BaseView" => new(false, static (t, _, a) => Value.Of(View(t, a[0]))),
        "Clear" => new(false, static (t, _, a) => Fill(t, View(t, a[0]), null)),
        "Fill" => new(false, static (t, _, a) => Fill(t, View(t, a[0]), a[1])),
        "CopyTo" => new(false, static (t, _, a) => Copy(t, View(t, a[0]), View(t, a[1]))),
        _ => throw new NotSupportedException($"{IlMethod.Name(method)} is not played."),
    };

    private static Intrinsic OfSpan(MethodBase method) => method.Name switch
    {
        "AsSpan" => new(false, static (_, m, a) =>
        {
            var array = (Array)a[0].Object!;
            if (a.Length != 3 || a[1].Bits != 0)
                throw new NotSupportedException("A span of the middle of an array is not played.");
            return Value.Of(new MemoryView(0, a[2].Bits, array.GetType().GetElementType()!, array));
        }),
        "Sort" => new(false, static (t, m, a) =>
        {
            var view = View(t, a[0]);
            typeof(Intrinsics).GetMethod(nameof(Sort), BindingFlags.Static | BindingFlags.NonPublic)!.MakeGenericMethod(view.Element)
                .Invoke(null, [t, view]);
            return default;
        }),
        _ => throw new NotSupportedException($"{IlMethod.Name(method)} is not played."),
    };

    private static Intrinsic OfThread(MethodBase method) => (method.DeclaringType!.Name, method.Name) switch
    {
        ("Group", "get_IdxX") => new(false, static (t, _, _) => Value.Of(t.Lane)),
        ("Group", "get_DimX") => new(false, static (t, _, _) => Value.Of(t.Launch.GroupSize)),
        ("Grid", "get_IdxX") => new(false, static (t, _, _) => Value.Of(t.Group)),
        ("Grid", "get_DimX") => new(false, static (t, _, _) => Value.Of(t.Launch.Groups)),
        ("Group", "Barrier") => new(false, static (t, _, _) =>
        {
            t.Wait();
            return default;
        }),
        _ => throw new NotSupportedException($"{IlMethod.Name(method)} is not played."),
    };

    private static Intrinsic OfAtomic(MethodBase method)
    {
        var element = method.GetParameters()[0].ParameterType.GetElementType()!;
        return new(true, method.Name switch
        {
            "Add" when method.DeclaringType == typeof(Interlocked) => (t, _, a) => Change(t, a, element, static (x, a) => x + (ulong)a[1].Bits, true),
            "Add" => (t, _, a) => Change(t, a, element, static (x, a) => x + (ulong)a[1].Bits),
            "Increment" => (t, _, a) => Change(t, a, element, static (x, _) => x + 1, true),
            "Decrement" => (t, _, a) => Change(t, a, element, static (x, _) => x - 1, true),
            "Exchange" => (t, _, a) => Change(t, a, element, static (_, a) => (ulong)a[1].Bits),
            "CompareExchange" when method.DeclaringType == typeof(Atomic) =>
                (t, _, a) => Change(t, a, element, (x, a) => x == Cut(a[1].Bits, element) ? (ulong)a[2].Bits : x),
            "CompareExchange" => (t, _, a) => Change(t, a, element, (x, a) => x == Cut(a[2].Bits, element) ? (ulong)a[1].Bits : x),
            "Max" => (t, _, a) => Change(t, a, element, (x, a) => IsLess(x, (ulong)a[1].Bits, element) ? (ulong)a[1].Bits : x),
            "Min" => (t, _, a) => Change(t, a, element, (x, a) => IsLess((ulong)a[1].Bits, x, element) ? (ulong)a[1].Bits : x),
            "Read" => (t, _, a) => Change(t, a, element, static (x, _) => x),
            _ => throw new NotSupportedException($"{IlMethod.Name(method)} is not played."),
        });
    }

    private static Intrinsic OfVolatile(MethodBase method)
    {
        var element = method.GetParameters()[0].ParameterType.GetElementType()!;
        return method.Name == "Read" ? new(true, (t, _, a) => t.Load(a[0], element)) : new(true, (t, _, a) =>
        {
            t.Store(a[0], element, a[1]);
            return default;
        });
    }

    private static Value Change(PlayedThread thread, Span<Value> arguments, Type type, Func<ulong, Value[], ulong> change, bool returnsNew = false)
    {
        var given = arguments.ToArray();
        var before = thread.Exchange(arguments[0], type, x => Cut((long)change(x, given), type));
        var result = returnsNew ? Cut((long)change(before, given), type) : before;
        return (Layout.SizeOf(type) == 8 ? Value.Of((long)result) : Value.Of((int)result)).As(type);
    }

    private static ulong Cut(long bits, Type type) => Layout.SizeOf(type) == 4 ? (uint)bits : (ulong)bits;

    private static bool IsLess(ulong a, ulong b, Type type) => Type.GetTypeCode(type) switch
    {
        TypeCode.Int32 => (int)a < (int)b,
        TypeCode.UInt32 => (uint)a < (uint)b,
        TypeCode.Int64 => (long)a < (long)b,
        TypeCode.UInt64 => a < b,
        _ => throw new NotSupportedException($"Atomic.Max of {type} is not played."),
    };

    private static MemoryView View(PlayedThread thread, in Value value) =>
        value.Kind == ValueKind.Reference ? thread.Load(value, typeof(MemoryView)).View : value.View;

    // Indices are numbers, or structs of one number.
    private static long Number(in Value value) => value.Kind switch
    {
        ValueKind.Struct => value.Fields[0].Bits,
        ValueKind.Reference => ((Value[])value.Object!)[value.Bits].Fields[0].Bits,
        _ => value.Bits,
    };

    private static Value Item(MemoryView view, long index, MethodBase method)
    {
        if (index < 0 || index >= view.Length)
            throw new PlayFault($"index {index} of a view of {view.Length} elements ({IlMethod.Name(method)})");
        return view.Array is { } array ? Value.ReferenceTo(array, index) : Value.Of(view.Address + index * view.ElementSize);
    }

    private static Value Length(long length, Type type) =>
        type == typeof(int) ? Value.Of((int)length) : type == typeof(long) ? Value.Of(length) : Value.Of([Value.Of(length)]);

    private static Value Part(MemoryView view, long start, long? length, MethodBase method)
    {
        var count = length ?? view.Length - start;
        if (start < 0 || count < 0 || start + count > view.Length)
            throw new PlayFault($"[{start}, {start + count}) of a view of {view.Length} elements ({IlMethod.Name(method)})");
        return Value.Of(view with { Address = view.Address + start * view.ElementSize, Length = count });
    }

    private static Value Cast(MemoryView view, Type element) =>
        Value.Of(new MemoryView(view.Address, view.Length * view.ElementSize / Layout.SizeOf(element), element));

    private static MemoryView NewSpan(MethodBase method, Span<Value> arguments)
    {
        if (arguments.Length != 2)
            throw new NotSupportedException("A span of anything but a pointer is not played.");
        return new MemoryView(arguments[0].Bits, arguments[1].Bits, method.DeclaringType!.GetGenericArguments()[0]);
    }

    private static Value Clear(PlayedThread thread, long address, long bytes)
    {
        var zero = Value.Of(0);
        for (var at = address; at < address + bytes; at++)
        {
            if ((at & 3) == 0 && at + 4 <= address + bytes)
            {
                thread.Store(Value.Of(at), typeof(int), zero);
                at += 3;
            }
            else
            {
                thread.Store(Value.Of(at), typeof(byte), zero);
            }
        }

        return default;
    }

    private static Value Fill(PlayedThread thread, MemoryView view, Value? value)
    {
        for (var i = 0L; i < view.Length; i++)
            thread.Store(view.Array is null ? Value.Of(view.Address + i * view.ElementSize) : Value.ReferenceTo(view.Array, i), view.Element,
                value ?? Value.Default(view.Element));
        return default;
    }

    private static Value Copy(PlayedThread thread, MemoryView from, MemoryView to)
    {
        for (var i = 0L; i < from.Length; i++)
            thread.Store(Value.Of(to.Address + i * to.ElementSize), to.Element, thread.Load(Value.Of(from.Address + i * from.ElementSize), from.Element));
        return default;
    }

    private static void Sort<T>(PlayedThread thread, MemoryView view) where T : unmanaged
    {
        var (count, type) = ((int)view.Length, view.Element);
        var values = new T[count];
        for (var i = 0; i < count; i++)
            values[i] = (T)thread.Load(Value.Of(view.Address + (long)i * view.ElementSize), type).To(type)!;
        Array.Sort(values);
        for (var i = 0; i < count; i++)
            thread.Store(Value.Of(view.Address + (long)i * view.ElementSize), type, Value.From(values[i], type));
    }
}
