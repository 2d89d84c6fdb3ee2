namespace Spoco.Kernels.Primitives;

/// <summary>Checks of what is handed to the poolings.</summary>
internal static class PoolingArguments
{
    public static void Require(string operation, PoolingShape shape, DeviceBuffer<float> input, DeviceBuffer<float> output)
    {
        if (input.Length != shape.Input.Count || output.Length != shape.Output.Count)
            throw new ArgumentException($"{operation}: {input.Length} and {output.Length} elements do not fit {shape.Input} and {shape.Output}.");
        if (input.Device != output.Device)
            throw new ArgumentException($"{operation}: devices differ: {input.Device.Name} and {output.Device.Name}.");
    }

    public static void Require(string operation, DeviceBuffer<float> output, DeviceBuffer<byte> places)
    {
        if (places.Length != output.Length || places.Device != output.Device)
            throw new ArgumentException(
                $"{operation}: {places.Length} places on {places.Device.Name} do not fit {output.Length} values on {output.Device.Name}.");
    }
}
