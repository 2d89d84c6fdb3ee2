namespace Spoco.Tests.Interleavings;

/// <summary>Memory outside the managed heap, by address and size.</summary>
internal static unsafe class RawMemory
{
    public static ulong Get(long address, int size) => size switch
    {
        1 => *(byte*)address,
        2 => *(ushort*)address,
        4 => *(uint*)address,
        _ => *(ulong*)address,
    };

    public static void Put(long address, int size, ulong bits)
    {
        switch (size)
        {
            case 1:
                *(byte*)address = (byte)bits;
                break;
            case 2:
                *(ushort*)address = (ushort)bits;
                break;
            case 4:
                *(uint*)address = (uint)bits;
                break;
            default:
                *(ulong*)address = bits;
                break;
        }
    }
}
