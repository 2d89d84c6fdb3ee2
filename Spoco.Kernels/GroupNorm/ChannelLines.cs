namespace Spoco.Kernels.Primitives;

/// <summary>The numbers of dx = dy scale + (x - mean) slope + offset for every image and channel, one array after the other.</summary>
internal readonly unsafe struct ChannelLines(float* memory, int count)
{
    public float* Means => memory;

    public float* Scales => memory + count;

    public float* Slopes => memory + 2L * count;

    public float* Offsets => memory + 3L * count;
}
