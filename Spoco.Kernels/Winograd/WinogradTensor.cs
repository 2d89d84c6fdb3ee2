namespace Spoco.Kernels.Primitives;

/// <summary>A tensor that is read for a transform, with what is done to its values on the way: values outside stay zero.</summary>
internal unsafe struct WinogradSource
{
    public float* Values;
    public TensorShape Shape;

    /// <summary>Whether it is the second tensor of a pair, to be enlarged as the grid says.</summary>
    public bool Half;

    /// <summary>First of its channels among the terms of a product.</summary>
    public int FirstTerm;

    /// <summary>Per image and channel: v Scale + Shift; null = v.</summary>
    public float* Scale;
    public float* Shift;

    /// <summary>Values of an activation's output, to multiply with its derivative: 1 where positive, else Slope; null = none.</summary>
    public float* Gate;
    public float Slope;
}

/// <summary>A tensor that a transform writes.</summary>
internal unsafe struct WinogradTarget
{
    public float* Values;
    public TensorShape Shape;

    /// <summary>Whether it is the gradient of the second tensor of a pair.</summary>
    public bool Half;

    /// <summary>Per channel; null = 0.</summary>
    public float* Bias;

    /// <summary>Slope of the activation's negative side; 1 = no activation.</summary>
    public float Slope;

    /// <summary>First of its channels in the weight.</summary>
    public int FirstChannel;

    /// <summary>What is summed up over the values on their way; default = nothing.</summary>
    public WinogradSums Sums;

    /// <summary>Where the maxima of windows go; default = nowhere.</summary>
    public WinogradPooling Pooling;
}
