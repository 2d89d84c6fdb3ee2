using System.Reflection;
using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Tests.Interleavings;

/// <summary>What a <see cref="Value"/> holds.</summary>
internal enum ValueKind : byte
{
    /// <summary>A reference to an object, a null, or a struct of the vector library in its box.</summary>
    Object,

    /// <summary>An integer of up to 32 bits, sign-extended.</summary>
    Int32,

    /// <summary>An integer of 64 bits, a pointer, or a reference to memory outside the managed heap.</summary>
    Int64,

    /// <summary>A float.</summary>
    Single,

    /// <summary>A double.</summary>
    Double,

    /// <summary>A struct: an array of the values of its fields.</summary>
    Struct,

    /// <summary>A view of device memory, or a span.</summary>
    View,

    /// <summary>A reference to a place on the managed heap: a variable, a field, an element of an array.</summary>
    Reference,
}

/// <summary>A view of device memory, or a span over memory or over an array.</summary>
internal sealed record MemoryView(long Address, long Length, Type Element, Array? Array = null)
{
    /// <summary>Bytes of an element.</summary>
    public int ElementSize { get; } = Layout.SizeOf(Element);
}

/// <summary>A field of an object, as something that a reference can point to.</summary>
internal sealed record FieldPlace(object Instance, FieldInfo Field);

/// <summary>A value on the stack of a played thread, in one of its variables, or in a field of one of its structs.</summary>
internal struct Value
{
    public long Bits;
    public object? Object;
    public ValueKind Kind;

    public readonly int Int => (int)Bits;

    public readonly float Single => BitConverter.Int32BitsToSingle((int)Bits);

    public readonly double Double => Kind == ValueKind.Single ? Single : BitConverter.Int64BitsToDouble(Bits);

    public readonly Value[] Fields => (Value[])Object!;

    public readonly MemoryView View => (MemoryView)Object!;

    public static Value Of(int value) => new() { Kind = ValueKind.Int32, Bits = value };

    public static Value Of(bool value) => Of(value ? 1 : 0);

    public static Value Of(long value) => new() { Kind = ValueKind.Int64, Bits = value };

    public static Value Of(float value) => new() { Kind = ValueKind.Single, Bits = BitConverter.SingleToInt32Bits(value) };

    public static Value Of(double value) => new() { Kind = ValueKind.Double, Bits = BitConverter.DoubleToInt64Bits(value) };

    public static Value Of(object? value) => new() { Kind = ValueKind.Object, Object = value };

    public static Value Of(Value[] fields) => new() { Kind = ValueKind.Struct, Object = fields };

    public static Value Of(MemoryView view) => new() { Kind = ValueKind.View, Object = view };

    /// <summary>A reference to an element of an array, or to a field.</summary>
    public static Value ReferenceTo(object holder, long index = 0) => new() { Kind = ValueKind.Reference, Object = holder, Bits = index };

    /// <summary>A copy that shares nothing with the original: structs have fields of their own.</summary>
    public readonly Value Copy()
    {
        if (Kind != ValueKind.Struct)
            return this;
        var fields = (Value[])Fields.Clone();
        for (var i = 0; i < fields.Length; i++)
            fields[i] = fields[i].Copy();
        return Of(fields);
    }

    /// <summary>The value 0 of a type.</summary>
    public static Value Default(Type type)
    {
        if (type.IsEnum)
            type = Enum.GetUnderlyingType(type);
        if (type.IsPointer || type.IsByRef || type.IsFunctionPointer)
            return Of(0L);
        if (Layout.IsView(type))
            return Of(new MemoryView(0, 0, type.GetGenericArguments()[0]));
        if (!type.IsValueType)
            return Of((object?)null);
        if (type.IsPrimitive)
        {
            return Type.GetTypeCode(type) switch
            {
                TypeCode.Single => Of(0f),
                TypeCode.Double => Of(0d),
                TypeCode.Int64 or TypeCode.UInt64 or TypeCode.Object => Of(0L),
                _ => Of(0),
            };
        }

        return Layout.IsOpaque(type) ? Of(RuntimeHelpers.GetUninitializedObject(type)) : Of(Array.ConvertAll(Layout.Fields(type), f => Default(f.FieldType)));
    }

    /// <summary>The value as a type narrower than the stack holds it: what a variable, field or argument of the type keeps.</summary>
    public readonly Value As(Type type)
    {
        if (type.IsEnum)
            type = Enum.GetUnderlyingType(type);
        if (!type.IsPrimitive)
            return this;
        return Type.GetTypeCode(type) switch
        {
            TypeCode.Boolean or TypeCode.Byte => Of((int)(byte)Bits),
            TypeCode.SByte => Of((int)(sbyte)Bits),
            TypeCode.Int16 => Of((int)(short)Bits),
            TypeCode.UInt16 or TypeCode.Char => Of((int)(ushort)Bits),
            TypeCode.Int32 or TypeCode.UInt32 => Of((int)Bits),
            TypeCode.Single => Kind == ValueKind.Double ? Of((float)Double) : this,
            TypeCode.Double => Of(Double),
            _ => new Value { Kind = ValueKind.Int64, Bits = Bits },
        };
    }

    /// <summary>An object of the program as a value.</summary>
    public static Value From(object? value, Type type)
    {
        if (value is null)
            return Default(type);
        if (Nullable.GetUnderlyingType(type) is { } inner)
            return Of([Of(true), From(value, inner)]);
        if (type.IsEnum)
            type = Enum.GetUnderlyingType(type);
        if (value is Pointer)
        {
            unsafe
            {
                return Of((long)Pointer.Unbox(value));
            }
        }

        if (value is ValueType && Layout.IsView(type))
            return Of(Layout.ViewOf(value));
        if (!type.IsValueType || Layout.IsOpaque(type))
            return Of(value);
        return value switch
        {
            float x => Of(x),
            double x => Of(x),
            bool x => Of(x),
            byte x => Of((int)x),
            sbyte x => Of((int)x),
            short x => Of((int)x),
            ushort x => Of((int)x),
            char x => Of((int)x),
            int x => Of(x),
            uint x => Of((int)x),
            long x => Of(x),
            ulong x => Of((long)x),
            nint x => Of((long)x),
            nuint x => Of((long)x),
            Enum x => From(Convert.ChangeType(x, type, null), type),
            _ => Of(Array.ConvertAll(Layout.Fields(type), f => From(f.GetValue(value), f.FieldType))),
        };
    }

    /// <summary>The value as an object of the program.</summary>
    public readonly unsafe object? To(Type type)
    {
        if (type.IsPointer)
            return Pointer.Box((void*)Bits, type);
        if (type.IsEnum)
            return Enum.ToObject(type, Bits);
        if (!type.IsValueType || Layout.IsOpaque(type))
            return Object;
        if (type.IsPrimitive)
        {
            return Type.GetTypeCode(type) switch
            {
                TypeCode.Boolean => (byte)Bits != 0,
                TypeCode.Byte => (byte)Bits,
                TypeCode.SByte => (sbyte)Bits,
                TypeCode.Int16 => (short)Bits,
                TypeCode.UInt16 => (ushort)Bits,
                TypeCode.Char => (char)Bits,
                TypeCode.Int32 => (int)Bits,
                TypeCode.UInt32 => (uint)Bits,
                TypeCode.Int64 => Bits,
                TypeCode.UInt64 => (ulong)Bits,
                TypeCode.Single => Kind == ValueKind.Double ? (float)Double : Single,
                TypeCode.Double => Double,
                _ => type == typeof(nint) ? (nint)Bits : (nuint)Bits,
            };
        }

        if (Nullable.GetUnderlyingType(type) is { } inner)
            return Fields[0].Bits == 0 ? null : Fields[1].To(inner);
        if (Kind == ValueKind.Object)
            return Object;
        var instance = RuntimeHelpers.GetUninitializedObject(type);
        var fields = Layout.Fields(type);
        for (var i = 0; i < fields.Length; i++)
            fields[i].SetValue(instance, Fields[i].To(fields[i].FieldType));
        return instance;
    }
}

/// <summary>How structs lie in memory.</summary>
internal static class Layout
{
    private static readonly Dictionary<Type, FieldInfo[]> KnownFields = [];
    private static readonly Dictionary<Type, (int Size, int Alignment, int[] Offsets)> Known = [];

    /// <summary>The fields of an object or struct, in the order of their declaration.</summary>
    public static FieldInfo[] Fields(Type type)
    {
        lock (KnownFields)
        {
            if (!KnownFields.TryGetValue(type, out var fields))
                KnownFields[type] = fields = [.. type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic).OrderBy(f => f.MetadataToken)];
            return fields;
        }
    }

    /// <summary>The number of a field in its struct.</summary>
    public static int IndexOf(FieldInfo field) => Array.FindIndex(Fields(field.DeclaringType!), f => f.MetadataToken == field.MetadataToken);

    /// <summary>Where a field begins.</summary>
    public static int OffsetOf(FieldInfo field) => Of(field.DeclaringType!).Offsets[IndexOf(field)];

    /// <summary>Where all fields begin.</summary>
    public static int[] Offsets(Type type) => Of(type).Offsets;

    /// <summary>Bytes of a value.</summary>
    public static int SizeOf(Type type) => Of(type).Size;

    /// <summary>Whether a value of the type is one number.</summary>
    public static bool IsScalar(Type type) => type.IsPrimitive || type.IsEnum || type.IsPointer;

    /// <summary>Whether the type is a window onto memory.</summary>
    public static bool IsView(Type type) => type.IsGenericType && type.GetGenericTypeDefinition() is var d
        && (d == typeof(ArrayView<>) || d == typeof(ArrayView1D<,>) || d == typeof(Span<>) || d == typeof(ReadOnlySpan<>));

    /// <summary>Structs of the vector library are kept as they are.</summary>
    public static bool IsOpaque(Type type) => type.IsValueType && type.Namespace is "System.Numerics" or "System.Runtime.Intrinsics";

    /// <summary>What a view of the program shows.</summary>
    public static MemoryView ViewOf(object view)
    {
        var element = view.GetType().GetGenericArguments()[0];
        return (MemoryView)typeof(Layout).GetMethod(nameof(View), BindingFlags.Static | BindingFlags.NonPublic)!.MakeGenericMethod(element)
            .Invoke(null, [view])!;
    }

    private static MemoryView View<T>(object view) where T : unmanaged
    {
        var window = (ArrayView<T>)view;
        return new MemoryView(window.Length == 0 ? 0 : window.LoadEffectiveAddressAsPtr(), window.Length, typeof(T));
    }

    private static (int Size, int Alignment, int[] Offsets) Of(Type type)
    {
        if (type.IsEnum)
            type = Enum.GetUnderlyingType(type);
        if (type.IsPointer || type == typeof(nint) || type == typeof(nuint))
            return (8, 8, []);
        if (type.IsPrimitive)
        {
            var bytes = Type.GetTypeCode(type) switch
            {
                TypeCode.Boolean or TypeCode.Byte or TypeCode.SByte => 1,
                TypeCode.Int16 or TypeCode.UInt16 or TypeCode.Char => 2,
                TypeCode.Int32 or TypeCode.UInt32 or TypeCode.Single => 4,
                _ => 8,
            };
            return (bytes, bytes, []);
        }

        lock (Known)
        {
            if (Known.TryGetValue(type, out var known))
                return known;
            if (!type.IsValueType)
                throw new NotSupportedException($"{type} does not lie in plain memory.");
            var fields = Fields(type);
            var offsets = new int[fields.Length];
            var (end, alignment) = (0, 1);
            for (var i = 0; i < fields.Length; i++)
            {
                var (size, align, _) = Of(fields[i].FieldType);
                offsets[i] = end = (end + align - 1) / align * align;
                (end, alignment) = (end + size, Math.Max(alignment, align));
            }

            return Known[type] = (Math.Max(1, (end + alignment - 1) / alignment * alignment), alignment, offsets);
        }
    }
}
